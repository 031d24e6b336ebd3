/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the JSON documents are made of. Out of memory ends the program, as with an arena. */

#include <json-c/json.h>
#include <stdio.h>

#include "base/diag.h"
#include "base/memory.h"
#include "base/str.h"
#include "state/trial.h"

#define FORMAT_VERSION 1

/* json-c returns NULL, or less than 0, without memory. */
static inline struct json_object *made(struct json_object *o)
{
        if (!o)
                out_of_memory();
        return o;
}

static inline void add(struct json_object *o, const char *key, struct json_object *value)
{
        if (json_object_object_add(o, key, made(value)) < 0)
                out_of_memory();
}

static inline void add_string(struct json_object *o, const char *key, const char *value)
{
        add(o, key, json_object_new_string(value ? value : ""));
}

static inline void add_bool(struct json_object *o, const char *key, bool value)
{
        add(o, key, json_object_new_boolean(value));
}

static inline struct json_object *append_value(struct json_object *array, struct json_object *value)
{
        if (json_object_array_add(array, made(value)) < 0)
                out_of_memory();
        return value;
}

static inline struct json_object *append(struct json_object *array)
{
        return append_value(array, json_object_new_object());
}

static inline void append_string(struct json_object *array, const char *value)
{
        append_value(array, json_object_new_string(value));
}

static inline struct json_object *add_object(struct json_object *o, const char *key)
{
        struct json_object *value = json_object_new_object();

        add(o, key, value);
        return value;
}

static inline struct json_object *add_array(struct json_object *o, const char *key)
{
        struct json_object *array = json_object_new_array();

        add(o, key, array);
        return array;
}

static inline void add_strings(struct json_object *document, const char *key, const struct strings *list)
{
        struct json_object *array = add_array(document, key);

        for (size_t i = 0; i < list->n; i++)
                append_string(array, list->v[i]);
}

/* What is wrong with the config, where something is. errors may be NULL: the config was not read. */
static inline void add_errors(struct json_object *document, const struct diags *errors)
{
        struct json_object *array;

        if (!errors || errors->n_errors == 0)
                return;
        array = add_array(document, "errors");
        for (size_t i = 0; i < errors->n; i++) {
                const struct diag *x = &errors->v[i];
                struct json_object *o;

                if (x->level != DIAG_ERROR)
                        continue;
                o = append(array);
                add_string(o, "file", x->file);
                add(o, "line", json_object_new_int64(x->line));
                add_string(o, "message", x->message);
        }
}

static inline struct json_object *start(void)
{
        struct json_object *document = made(json_object_new_object());

        add(document, "version", json_object_new_int(FORMAT_VERSION));
        return document;
}

/* Prints and frees the document. */
static inline void finish(FILE *f, struct json_object *document)
{
        const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                                            JSON_C_TO_STRING_NOSLASHESCAPE);

        if (text)
                fprintf(f, "%s\n", text);
        else
                out_of_memory();
        json_object_put(document);
}

static inline struct json_object *add_trial(struct json_object *document, const struct trial *t)
{
        struct json_object *o = add_object(document, "trial");

        add_string(o, "state", trial_state_names[t->state]);
        add_string(o, "when", t->when);
        add_string(o, "message", t->why);
        return o;
}
