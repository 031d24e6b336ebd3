/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many inputs of one line each, and quickly: made of the inputs in some directories and of a dictionary, nothing is
 * learnt from how they fare. For a harness that is built without coverage.
 *
 * usage: lines LINES SECONDS SEED DICTIONARY ARTIFACT DIRECTORY…
 * Ends after so many lines or seconds (0: no limit). An input that fails is written to ARTIFACT.
 */
#include <dirent.h>
#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "files.h"

#define LONGEST 4096
#define BATCH   256

struct text {
        const char *at;
        size_t length;
};

struct texts {
        struct text *v;
        size_t n;
};

static struct texts inputs, words;

static char input[LONGEST + 1];
static size_t input_size;
static const char *artifact;

static uint64_t state;

static size_t below(size_t n)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (size_t)(state >> 32) % n;
}

static void add(struct texts *t, const char *at, size_t length)
{
        if ((t->n & (t->n - 1)) == 0) {
                t->v = realloc(t->v, (t->n ? t->n * 2 : 1) * sizeof(*t->v));
                CHECK(t->v);
        }
        t->v[t->n++] = (struct text){at, length};
}

static void add_directory(const char *name)
{
        DIR *d = opendir(name);
        struct dirent *entry;

        CHECK(d);
        while ((entry = readdir(d))) {
                char path[4096], *data = malloc(LONGEST);
                size_t n = 0;
                FILE *f;

                snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
                f = *entry->d_name == '.' ? NULL : fopen(path, "re");
                if (f) {
                        CHECK(data);
                        n = fread(data, 1, LONGEST, f);
                        fclose(f);
                }
                if (n == 0) {
                        free(data);
                        continue;
                }
                add(&inputs, data, n);
                for (const char *c = data + 1, *end = data + n; c < end; c++) {
                        size_t length = 0;

                        while (c + length < end && !strchr(" \t\n", c[length]))
                                length++;
                        if (length > 0 && length < 64)
                                add(&words, c, length);
                        c += length;
                }
        }
        closedir(d);
}

/* libFuzzer's: "BYTES" in quotes, \xNN for any byte. */
static void add_dictionary(const char *name)
{
        FILE *f = fopen(name, "re");
        char line[512];

        CHECK(f);
        while (fgets(line, sizeof(line), f)) {
                char *from = strchr(line, '"'), *word, *to;

                if (*line == '#' || !from)
                        continue;
                word = to = malloc(sizeof(line));
                CHECK(word);
                for (from++; *from && *from != '"'; from++)
                        if (startswith(from, "\\x")) {
                                char hex[3] = {from[2], from[3]};

                                *to++ = (char)strtoul(hex, NULL, 16);
                                from += 3;
                        } else
                                *to++ = *from == '\\' ? *++from : *from;
                /* Several times, as there are many more words in the inputs. */
                for (size_t i = 0; i < 32 && to > word; i++)
                        add(&words, word, (size_t)(to - word));
        }
        fclose(f);
}

static void replace(size_t at, size_t length, const char *with, size_t n)
{
        if (input_size - length + n > LONGEST)
                return;
        memmove(input + at + n, input + at + length, input_size - at - length);
        memcpy(input + at, with, n);
        input_size += n - length;
}

static void put_word(size_t at)
{
        const struct text *w = &words.v[below(words.n)];

        replace(at, 0, w->at, w->length);
}

static void put_number(size_t at)
{
        static const char *const odd[] = {"0",
                                          "-1",
                                          "1G",
                                          "512M",
                                          "4294967296",
                                          "18446744073709551615",
                                          "0x10",
                                          "9223372036854775808",
                                          "1T",
                                          "08",
                                          "00000000000000000000001"};
        char digits[24];

        snprintf(digits, sizeof(digits), "%zu", below(100000));
        const char *s = below(2) ? digits : odd[below(ARRAY_SIZE(odd))];
        replace(at, 0, s, strlen(s));
}

static void change(void)
{
        static const char marks[] = "\"'=,-_.:;/ \t\n\xa0*?[]#$";
        size_t at = 1 + below(input_size), rest = input_size - at, length = below(MIN(rest, (size_t)24) + 1);
        char c;

        switch (below(10)) {
        case 0:
                replace(at, length, "", 0);
                break;
        case 1:
                c = (char)(1 + below(255));
                replace(at, rest > 0, &c, 1);
                break;
        case 2:
                if (rest > 0 && (c = (char)(input[at] ^ 1 << below(8))))
                        input[at] = c;
                break;
        case 3:
                c = marks[below(sizeof(marks) - 1)];
                replace(at, rest > 0 && below(2), &c, 1);
                break;
        case 4:
                put_number(at);
                break;
        case 5: /* part of itself again */
        {
                char copy[24];

                memcpy(copy, input + at, length);
                replace(1 + below(input_size), 0, copy, length);
        } break;
        case 6: /* part of another */
        {
                const struct text *t = &inputs.v[below(inputs.n)];
                size_t from = below(t->length), n = below(MIN(t->length - from, (size_t)64) + 1);

                replace(at, 0, t->at + from, n);
        } break;
        default:
                if (below(4)) {
                        const char *blank = memchr(input + at, ' ', rest);

                        at = blank ? (size_t)(blank - input) : input_size;
                        replace(at, 0, " ", 1);
                        at = MIN(at + 1, input_size);
                }
                put_word(at);
        }
}

/* The first byte says for which machine. */
static void make(void)
{
        const struct text *t = &inputs.v[below(inputs.n)];
        size_t changes = 1 + below(8), longest = below(1000) ? 512 : LONGEST;

        input_size = MIN(t->length, longest);
        memcpy(input, t->at, input_size);
        if (!below(4))
                input_size = 1;
        input[0] = (char)below(256);
        if (longest == LONGEST)
                for (size_t want = 1500 + below(LONGEST - 1500); input_size < want;) {
                        replace(input_size, 0, " ", 1);
                        put_word(input_size);
                }
        while (changes-- > 0)
                change();
        for (char *c = input + 1; c < input + input_size; c++)
                if (!*c)
                        *c = ' ';
}

static void keep_input(void)
{
        FILE *f = fopen(artifact, "we");

        if (!f)
                return;
        fwrite(input, 1, input_size, f);
        fclose(f);
        fprintf(stderr, "the input is in %s\n", artifact);
}

static void take_too_long(int sig)
{
        (void)sig;
        fprintf(stderr, "a line does not hold: that it is judged within a minute\n");
        keep_input();
        _exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
        uint64_t lines, characters = 0, n = 0;
        double seconds, took = 0;
        struct timespec start, now;

        CHECK(argc > 6);
        lines = strtoull(argv[1], NULL, 10);
        seconds = strtod(argv[2], NULL);
        state = strtoull(argv[3], NULL, 10) * 2 + 1;
        add_dictionary(argv[4]);
        artifact = argv[5];
        for (int i = 6; i < argc; i++)
                add_directory(argv[i]);
        CHECK(inputs.n > 0 && words.n > 0);
        __sanitizer_set_death_callback(keep_input);
        signal(SIGALRM, take_too_long);
        clock_gettime(CLOCK_MONOTONIC, &start);
        while ((lines == 0 || n < lines) && (seconds <= 0 || took < seconds)) {
                alarm(60);
                for (size_t i = 0; i < BATCH && (lines == 0 || n < lines); i++, n++) {
                        make();
                        characters += input_size - 1;
                        LLVMFuzzerTestOneInput((const uint8_t *)input, input_size);
                }
                clock_gettime(CLOCK_MONOTONIC, &now);
                took = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
        }
        printf("%llu lines in %.0f s, %.0f a second, of %.0f characters on average\n", (unsigned long long)n, took,
               (double)n / took, n > 0 ? (double)characters / (double)n : 0);
        return EXIT_SUCCESS;
}
