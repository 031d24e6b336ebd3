/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json-changes.h"

#include "report/json-build.h"

void json_undone(FILE *f, const struct undone *undone)
{
        struct json_object *document = start(), *array;

        add_bool(document, "changed", undone->changed);
        add_bool(document, "trial", undone->trial);
        array = add_array(document, "applies");
        for (size_t i = 0; i < undone->n_applies; i++)
                append_value(array, json_object_new_int64(undone->applies[i]));
        add_strings(document, "restored", &undone->back->restored);
        add_strings(document, "edited", &undone->back->edited);
        add_strings(document, "kept", &undone->back->kept);
        add_strings(document, "left", &undone->back->left);
        finish(f, document);
}

void json_undos(FILE *f, const struct journal *journal, const struct trial *trial)
{
        struct json_object *document = start(), *array;

        if (trial)
                add_trial(document, trial);
        else
                json_object_object_add(document, "trial", NULL);
        array = add_array(document, "applies");
        for (size_t i = journal->n; i-- > 0;) {
                const struct undo *u = &journal->v[i];
                struct json_object *o = append(array), *files;

                add(o, "number", json_object_new_int64(u->number));
                add_string(o, "when", u->when);
                add_string(o, "boots_from", u->boot);
                add_bool(o, "complete", u->done);
                files = add_array(o, "files");
                for (size_t n = 0; n < u->n_files; n++)
                        if (u->files[n].kind != UNDO_SEEN)
                                append_string(files, u->files[n].path);
        }
        finish(f, document);
}

static struct json_object *start_trial(const struct tried *tried)
{
        struct json_object *document = start();

        add_bool(add_trial(document, tried->trial), "this_boot", tried->here);
        return document;
}

void json_trial(FILE *f, const struct tried *tried)
{
        finish(f, start_trial(tried));
}

void json_confirmed(FILE *f, const struct tried *tried)
{
        struct json_object *document = start_trial(tried);

        add_bool(document, "changed", tried->changed);
        add_string(document, "message", tried->message);
        finish(f, document);
}

void json_captured(FILE *f, const struct captured_as *captured)
{
        struct json_object *document = start();

        add_bool(document, "changed", captured->changed);
        add_string(document, "path", captured->path);
        add(document, "unreadable", json_object_new_int64((int64_t)captured->n_denied));
        finish(f, document);
}

void json_paged(FILE *f, const struct paged *paged, const struct diags *errors)
{
        struct json_object *document = start(), *array;

        add_bool(document, "changed", paged->changed);
        add_string(document, "file", paged->file);
        add_string(document, "kept", paged->kept);
        add_string(document, "message", paged->message);
        add(document, "reserve", json_object_new_int64((int64_t)paged->reserve));
        array = add_array(document, "pools");
        for (size_t i = 0; i < paged->plan.n; i++) {
                const struct huge_entry *e = &paged->plan.entries[i];
                struct json_object *o = append(array);

                add_string(o, "size", e->size);
                if (e->by_node)
                        add(o, "node", json_object_new_int64(e->node));
                else
                        json_object_object_add(o, "node", NULL);
                add(o, "asked", json_object_new_int64((int64_t)e->asked));
                add_string(o, "action", huge_action_names[e->action]);
                add_string(o, "reason", e->reason);
        }
        add_errors(document, errors);
        finish(f, document);
}
