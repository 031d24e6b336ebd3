/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What documents have of a device, whatever they are about. */

#include "plan/plan.h"
#include "report/json-build.h"
#include "report/model.h"

void json_device(struct json_object *o, const char *bus, const char *address, const char *id, const char *class,
                 int group);
/* What pci.ids has of it. */
void json_name(struct json_object *o, const struct pci_name *name);
/* "": none, or the host's own. */
void json_driver(struct json_object *o, const char *bus, const char *driver);
/* Of a device that another makes: which one, and which of those it is; UINT32_MAX: that is not known. */
void json_made(struct json_object *o, const char *parent, uint32_t index);
/* An entry's device, where its rule makes it; likewise. */
void json_made_entry(struct json_object *o, const struct plan *plan, const struct plan_entry *e);
/* Those that the plan makes: parent and index tell which is which, the address of a function is a forecast. */
void json_promised(struct json_object *devices, const struct plan *plan);
