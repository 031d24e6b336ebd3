/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Text files that last: the first line names format and version, then comes one record a line, and the last line is
 * "end" with a checksum of what stands before it. A table says what the lines mean, to the reader and to the writer.
 *
 * Files without a checksum are read, too: earlier versions wrote a bare "end", or none.
 *
 * Parts may be appended to a file whose format says so: RECFILE_MORE, lines, and an "end" with the checksum of the
 * part. One that is not whole is passed over: its writer may have been killed at any byte of it.
 */

#include <stdint.h>

#include "base/root.h"

/* A field in the structure that is described, and in the file. */
enum field_type {
        FIELD_TEXT,  /* const char *; NULL is the first of names, or "" */
        FIELD_WORD,  /* an enumeration, by its names */
        FIELD_BITS,  /* unsigned: the letters of names[0] whose bits are set */
        FIELD_FLAG,  /* bool: the first of names; false is the second, and read of any other word */
        FIELD_WORDS, /* const char **, and behind it size_t: words with blanks between them */
        FIELD_ADDED, /* the same, one word a line */
        FIELD_U32,   /* uint32_t, decimal */
        FIELD_INT,   /* int, decimal */
        FIELD_U64,   /* uint64_t, decimal */
        FIELD_HEX,   /* uint64_t, hexadecimal */
        FIELD_BYTES, /* const char *, and behind it size_t: that size; the bytes and a newline follow the line */
};

struct field {
        uint8_t type;    /* enum field_type */
        uint8_t n_names; /* of FIELD_WORD */
        uint16_t at;     /* offset */
        const char *const *names;
};

/* The lines that begin with one key. */
struct record_type {
        char key[12];     /* "": the fields alone */
        uint8_t n;        /* fields; the last one takes the rest of the line */
        uint8_t n_late;   /* so many of them, the last ones, are missing in files of earlier versions */
        bool flagged;     /* the bool at flag says whether there is such a line */
        uint16_t flag;    /* offset */
        uint16_t element; /* its size, where each element of a list has such a line; 0: there is one line at most */
        uint16_t list;    /* offset of a pointer, and behind it size_t */
        uint16_t inner;   /* size: the lines add to a list of such in the last of the elements; 0: they do not */
        uint16_t within;  /* where in the element that list is */
        const struct field *fields;
};

struct recfile {
        const char *first; /* the first line */
        char separator;    /* of fields: '\t' or ' ' */
        bool escaped;      /* tab, newline and backslash are \t, \n and \\ in texts */
        bool printable;    /* texts are made printable when they are read */
        bool ended;        /* earlier versions wrote "end", too: without it the file is no such file */
        bool appended;     /* parts may be appended */
        bool partial;      /* lines that no type speaks of are passed over */
        uint8_t n_types;
        uint16_t size; /* of the structure */
        size_t max;    /* bytes of the file */
        const struct record_type *types;
};

/* For tables: s is the structure that has the member. */
#define FIELD(kind, s, member) .type = FIELD_##kind, .at = offsetof(struct s, member)
#define NAMES(v, count)        .names = v, .n_names = count
#define ONE_FIELD(...)                                                                                                 \
        .n = 1, .fields = &(const struct field)                                                                        \
        {                                                                                                              \
                __VA_ARGS__                                                                                            \
        }
#define FIELDS(v)          .n = ARRAY_SIZE(v), .fields = v
#define FLAGGED(s, member) .flagged = true, .flag = offsetof(struct s, member)
#define LIST(s, member)    .element = sizeof(*((struct s *)NULL)->member), .list = offsetof(struct s, member)
#define INNER(s, member, e, part)                                                                                      \
        LIST(s, member), .inner = sizeof(*((struct e *)NULL)->part.v), .within = offsetof(struct e, part)
#define RECORD_TYPES(s, v) .size = sizeof(struct s), .n_types = ARRAY_SIZE(v), .types = v

/* The first line of a part that is appended. What was cut short before it ends with its newline. */
#define RECFILE_MORE "\nmore"

/* How the last line of a part begins; behind a blank follows the checksum, of all between text and end. */
#define RECFILE_END "end"
uint64_t recfile_sum(const char *text, const char *end);

enum recfile_problem {
        RECFILE_ABSENT = 1,
        RECFILE_MALFORMED,
};

/* 0, an enum recfile_problem, after which *ret is all zero, or -errno. */
int recfile_read(const struct root *root, struct arena *a, const struct recfile *format, const char *path,
                 void *ret) _must_check_;
/*
 * The same, and *ret is open at the end of the file, for recfile_append(): what is appended goes to the file that was
 * written here, whatever has replaced it since.
 */
int recfile_write_open(const struct root *root, struct arena *a, const struct recfile *format, const char *path,
                       const void *data, int *ret) _must_check_;
/* Appends a part, in one write. 0 or -errno, after which it counts for nothing. */
int recfile_append(int fd, struct arena *a, const struct recfile *format, const void *data) _must_check_;
/* The file's text; data: the structure. */
char *recfile_format(struct arena *a, const struct recfile *format, const void *data, size_t *ret_size);
/* Replaces the file, as root_replace() does. 0 or -errno. */
int recfile_write(const struct root *root, struct arena *a, const struct recfile *format, const char *path,
                  const void *data) _must_check_;
/* Puts the checksum of a text right that was edited in place. A text without one stays as it is. */
void recfile_seal(char *text, size_t size);
