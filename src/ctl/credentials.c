/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials, as kernel command lines, fstab, networkd, NetworkManager, wpa_supplicant, netplan and iSCSI have them.
 */
#include <ctype.h>
#include <strings.h>

#include "ctl/secrets.h"

static const struct {
        const char *word;
        bool alone;  /* it is the whole key; else what stands before it may be anything */
        bool begins; /* a line begins with it */
} keys[] = {
        {"password", false, false},
        {"password2", false, false},
        {"passwd", false, false},
        {"pass", true, false},
        {"passphrase", false, false},
        {"secret", false, false},
        {"psk", false, false},
        {"privatekey", false, false},
        {"private-key", false, false},
        {"presharedkey", false, false},
        {"preshared-key", false, false},
        {"sharedkey", false, false},
        {"token", true, false},
        {"username", false, false},
        {"user", true, false},
        {"login", true, false},
        {"credentials", true, false},
        {"set_credential", false, false},
        {"set_credential_binary", false, false},
        {"cak", false, false},
        {"ckn", false, false},
        {"pin", true, true},
        {"key", true, true},
        {"wep-key0", true, false},
        {"wep-key1", true, false},
        {"wep-key2", true, false},
        {"wep-key3", true, false},
        {"wep_key0", true, false},
        {"wep_key1", true, false},
        {"wep_key2", true, false},
        {"wep_key3", true, false},
        {"identity", true, true},
        {"anonymous-identity", true, true},
        {"anonymous_identity", true, true},
        {"private", true, true},
        {"shared", true, true},
        {"setcredential", true, true},
        {"password_pbkdf2", true, true},
};

static bool is_key(const char *s, size_t n, bool first)
{
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
                size_t m = strlen(keys[k].word);

                if (n >= m && strncasecmp(s + n - m, keys[k].word, m) == 0 && (!keys[k].alone || n == m) &&
                    (!keys[k].begins || first))
                        return true;
        }
        return false;
}

static size_t key_length(const char *s, size_t n)
{
        size_t i = 0;

        while (i < n && (isalnum((unsigned char)s[i]) || s[i] == '_' || s[i] == '.' || s[i] == '-'))
                i++;
        return i;
}

static size_t blanks(const char *s, size_t n)
{
        size_t i = 0;

        while (i < n && (s[i] == ' ' || s[i] == '\t'))
                i++;
        return i;
}

/* Up to the quote that ends it. */
static size_t quoted(const char *s, size_t n, char quote)
{
        size_t i = 0;

        while (i < n && s[i] != quote)
                i += s[i] == '\\' && i + 1 < n ? 2 : 1;
        return i;
}

/* "KEY = value with blanks", "- key: value", "password_pbkdf2 USER VALUE", "wpa-psk VALUE" (ifupdown): whether the line
 * is one. */
static bool hide_line(const struct anonymiser *y, char *s, size_t n)
{
        size_t i = blanks(s, n), at, length;

        if (i + 1 < n && s[i] == '-' && s[i + 1] == ' ')
                i += 1 + blanks(s + i + 1, n - i - 1);
        length = key_length(s + i, n - i);
        if (length == 0 || !is_key(s + i, length, true))
                return false;
        at = i + length + blanks(s + i + length, n - i - length);
        if (at < n && (s[at] == '=' || s[at] == ':'))
                at++;
        else if (at == i + length || (!startswith(s + i, "password") && !startswith(s + i, "wpa-")))
                return false;
        at += blanks(s + at, n - at);
        /* Where the key is, and not what. */
        if (at < n && s[at] == '/' && strncasecmp(s + i + length - 3, "key", 3) == 0)
                return true;
        if (at < n && (s[at] == '"' || s[at] == '\''))
                anonymiser_scramble(y, s + at + 1, quoted(s + at + 1, n - at - 1, s[at]));
        else
                anonymiser_scramble(y, s + at, n - at);
        return true;
}

/* "key=value", "key=\"a value\"" and "\"key=a value\"" between others: the end of the value that begins at i. */
static size_t hide_token(const struct anonymiser *y, char *s, size_t begin, size_t i, size_t n)
{
        size_t end;

        if (i < n && (s[i] == '"' || s[i] == '\'')) {
                end = i + 1 + quoted(s + i + 1, n - i - 1, s[i]);
                i++;
        } else if (begin > 0 && s[begin - 1] == '"' && (begin == 1 || s[begin - 2] != '='))
                end = i + quoted(s + i, n - i, '"');
        else
                for (end = i; end < n && !strchr(" \t,\"'", s[end]);)
                        end++;
        anonymiser_scramble(y, s + i, end - i);
        return end;
}

static void hide_tokens(const struct anonymiser *y, char *s, size_t n)
{
        for (size_t i = 0; i < n;) {
                size_t length = key_length(s + i, n - i);

                if (length > 0 && i + length < n && s[i + length] == '=' && is_key(s + i, length, false))
                        i = hide_token(y, s, i, i + length + 1, n);
                else
                        i += MAX(length, (size_t)1);
        }
}

/* iscsi:USER:PASSWORD@SERVER, //USER:PASSWORD@SERVER */
static void hide_logins(const struct anonymiser *y, char *s, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                size_t begin = i;

                if (s[i] != '@')
                        continue;
                while (begin > 0 && !strchr(" \t\n=/\"", s[begin - 1]))
                        begin--;
                if (i - begin > 6 && strncmp(s + begin, "iscsi:", 6) == 0)
                        begin += 6;
                if (memchr(s + begin, ':', i - begin))
                        anonymiser_scramble(y, s + begin, i - begin);
        }
}

void credentials_hide(const struct anonymiser *y, const char *path, char *s, size_t size)
{
        /* Those have options in columns, or one line, whatever it begins with. */
        bool lines = !strstr(path, "cmdline") && !endswith(path, "tab") && !startswith(path, "/proc/");

        if (memchr(s, '\0', size))
                return;
        for (size_t i = 0; i < size;) {
                size_t n = strcspn(s + i, "\n");

                if (!lines || !hide_line(y, s + i, n))
                        hide_tokens(y, s + i, n);
                i += n + 1;
        }
        hide_logins(y, s, size);
}
