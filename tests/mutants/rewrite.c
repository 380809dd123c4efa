/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a C source with a hook around each of its conditions, so that one program holds all
 * mutants and is told at run time which of them it is (tests/mutants/condition.h):
 *
 *   rewrite FILE > COPY
 *
 * A condition is, in the body of a function: a comparison, an operand of && and ||, what stands in
 * if (), while () and before ?. What stands in for () counts, it checks nothing, and is left alone.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX     40000
#define CONDITIONS_MAX 4000
#define FILE_MAX       (1u << 20)

struct token {
        const char *at;
        size_t length;
};

struct condition {
        const char *from, *to;
        int function; /* token that names it */
};

static char text[FILE_MAX + 1];
static struct token token[TOKENS_MAX];
static int tokens;
static struct condition condition[CONDITIONS_MAX];
static int conditions;
static int function;

static void die(const char *why)
{
        fprintf(stderr, "rewrite: %s\n", why);
        exit(1);
}

/* ---- Tokens ---- */

static bool is(int i, const char *what)
{
        return i >= 0 && i < tokens && strlen(what) == token[i].length &&
               strncmp(token[i].at, what, token[i].length) == 0;
}

static bool is_one_of(int i, const char *const *list)
{
        for (; *list != NULL; list++) {
                if (is(i, *list)) {
                        return true;
                }
        }
        return false;
}

static const char *skip_comment(const char *p)
{
        const char *end = p[1] == '*' ? strstr(p + 2, "*/") : strchr(p, '\n');

        return end == NULL ? p + strlen(p) : end + (p[1] == '*' ? 2 : 0);
}

static const char *skip_directive(const char *p)
{
        while (*p != '\0' && *p != '\n') {
                p += *p == '\\' && p[1] != '\0' ? 2 : 1;
        }
        return p;
}

static size_t quoted(const char *p)
{
        const char *start = p;
        char quote = *p++;

        while (*p != quote && *p != '\0') {
                p += *p == '\\' ? 2 : 1;
        }
        return (size_t)(p + 1 - start);
}

static size_t token_length(const char *p)
{
        static const char *const operators[] = {"<<=", ">>=", "...", "->", "++", "--", "<<", ">>",
                                                "<=",  ">=",  "==",  "!=", "&&", "||", "+=", "-=",
                                                "*=",  "/=",  "%=",  "&=", "|=", "^=", NULL};
        size_t n = 0;

        if (*p == '"' || *p == '\'') {
                return quoted(p);
        }
        while (isalnum((unsigned char)p[n]) || p[n] == '_') {
                n++;
        }
        for (int i = 0; n == 0 && operators[i] != NULL; i++) {
                if (strncmp(p, operators[i], strlen(operators[i])) == 0) {
                        return strlen(operators[i]);
                }
        }
        return n == 0 ? 1 : n;
}

static void tokenize(void)
{
        const char *p = text;

        while (*p != '\0') {
                if (*p == '#') {
                        p = skip_directive(p);
                } else if (*p == '/' && (p[1] == '*' || p[1] == '/')) {
                        p = skip_comment(p);
                } else if (isspace((unsigned char)*p)) {
                        p++;
                } else {
                        if (tokens == TOKENS_MAX) {
                                die("too long");
                        }
                        token[tokens++] = (struct token){p, token_length(p)};
                        p += token[tokens - 1].length;
                }
        }
}

/* ---- Conditions ---- */

static const char *const openers[] = {"(", "[", "{", NULL};
static const char *const closers[] = {")", "]", "}", NULL};
static const char *const comparisons[] = {"==", "!=", "<", ">", "<=", ">=", NULL};
/* What ends an operand of && or ||, on its left and on its right. */
static const char *const ends[] = {";",  ",",  "&&", "||", "?",  ":",   "=",   "+=",     "-=", "|=",
                                   "&=", "^=", "*=", "/=", "%=", "<<=", ">>=", "return", NULL};
static const char *const bitwise[] = {"&", "|", "^", NULL};

static bool is_binary(int i)
{
        return i > 0 && (isalnum((unsigned char)*token[i - 1].at) || *token[i - 1].at == '_' ||
                         is(i - 1, ")") || is(i - 1, "]"));
}

static bool ends_operand(int i, bool of_comparison)
{
        return is_one_of(i, ends) ||
               (of_comparison && is_one_of(i, bitwise) && is_binary(i) && !is(i - 1, "return"));
}

static int first_of(int i, bool of_comparison)
{
        int depth = 0;

        for (; i >= 0; i--) {
                if (is_one_of(i, closers)) {
                        if (depth == 0 && is(i, "}")) {
                                break;
                        }
                        depth++;
                } else if (is_one_of(i, openers)) {
                        if (depth-- == 0) {
                                break;
                        }
                } else if (depth == 0 && ends_operand(i, of_comparison)) {
                        break;
                }
        }
        return i + 1;
}

static int last_of(int i, bool of_comparison)
{
        int depth = 0;

        for (; i < tokens; i++) {
                if (is_one_of(i, openers)) {
                        depth++;
                } else if (is_one_of(i, closers)) {
                        if (depth-- == 0) {
                                break;
                        }
                } else if (depth == 0 && ends_operand(i, of_comparison)) {
                        break;
                }
        }
        return i - 1;
}

static void add(int first, int last)
{
        struct condition c = {token[first].at, token[last].at + token[last].length, function};

        if (last < first) {
                return;
        }
        for (int i = 0; i < conditions; i++) {
                if (condition[i].from == c.from && condition[i].to == c.to) {
                        return;
                }
        }
        if (conditions == CONDITIONS_MAX) {
                die("too many conditions");
        }
        condition[conditions++] = c;
}

static int closing(int i)
{
        int depth = 0;

        for (; i < tokens; i++) {
                depth += is_one_of(i, openers) ? 1 : is_one_of(i, closers) ? -1 : 0;
                if (depth == 0) {
                        break;
                }
        }
        return i;
}

static int skip_statement(int i)
{
        while (i < tokens && !is(i, ";")) {
                i = is_one_of(i, openers) ? closing(i) + 1 : i + 1;
        }
        return i;
}

/* One whole condition; one that is made of others by && and || is not added itself. */
static void add_whole(int first, int last)
{
        if (last_of(first, false) >= last) {
                add(first, last);
        }
}

static int look_at(int i)
{
        if (is(i, "static") || is(i, "static_assert") || is(i, "case")) {
                return is(i, "case") ? i + 1 : skip_statement(i);
        }
        if (is(i, "for") || is(i, "sizeof")) {
                return is(i + 1, "(") ? closing(i + 1) : i;
        }
        if ((is(i, "if") || is(i, "while")) && is(i + 1, "(")) {
                add_whole(i + 2, closing(i + 1) - 1);
        } else if (is_one_of(i, comparisons)) {
                add(first_of(i - 1, true), last_of(i + 1, true));
        } else if (is(i, "&&") || is(i, "||")) {
                add(first_of(i - 1, false), i - 1);
                add(i + 1, last_of(i + 1, false));
        } else if (is(i, "?")) {
                add_whole(first_of(i - 1, false), i - 1);
        }
        return i;
}

/* Of the body that begins at token i. */
static int name_of_function(int i)
{
        int depth = 0;

        for (i--; i > 0; i--) {
                depth += is(i, ")") ? 1 : is(i, "(") ? -1 : 0;
                if (depth == 0) {
                        break;
                }
        }
        return i - 1;
}

static void find_conditions(void)
{
        for (int i = 0; i < tokens; i++) {
                if (!is(i, "{")) {
                        continue;
                }
                int end = closing(i);
                function = name_of_function(i);
                for (int k = i + 1; is(i - 1, ")") && k < end; k++) {
                        k = look_at(k);
                }
                i = end;
        }
}

/* ---- The copy ---- */

static int outer_first(const void *a, const void *b)
{
        const struct condition *x = a, *y = b;

        if (x->from != y->from) {
                return x->from < y->from ? -1 : 1;
        }
        return x->to > y->to ? -1 : 1;
}

static bool same_text(const struct condition *a, const struct condition *b)
{
        return a->function == b->function && a->to - a->from == b->to - b->from &&
               strncmp(a->from, b->from, (size_t)(a->to - a->from)) == 0;
}

/* file:function: text, and which one of several: that stays when lines move. */
static void write_name(const char *file, int i)
{
        const struct condition *c = &condition[i];
        int nth = 1;

        for (int k = 0; k < i; k++) {
                nth += same_text(&condition[k], c) ? 1 : 0;
        }
        printf("\"%s:%.*s: ", file, (int)token[c->function].length, token[c->function].at);
        for (const char *p = c->from; p < c->to; p++) {
                if (isspace((unsigned char)*p) && isspace((unsigned char)p[-1])) {
                        continue;
                }
                if (*p == '"' || *p == '\\') {
                        putchar('\\');
                }
                putchar(isspace((unsigned char)*p) ? ' ' : *p);
        }
        if (nth > 1) {
                printf(" #%d", nth);
        }
        putchar('"');
}

static void write_copy(const char *name)
{
        int next = 0;

        qsort(condition, (size_t)conditions, sizeof(condition[0]), outer_first);
        printf("#include \"tests/mutants/condition.h\"\n#line 1 \"%s\"\n", name);
        for (const char *p = text;; p++) {
                for (int i = 0; i < conditions; i++) {
                        if (condition[i].to == p) {
                                putchar(')');
                        }
                }
                for (; next < conditions && condition[next].from == p; next++) {
                        printf("CONDITION(");
                        write_name(name, next);
                        printf(", ");
                }
                if (*p == '\0') {
                        return;
                }
                putchar(*p);
        }
}

int main(int argc, char **argv)
{
        FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;

        if (f == NULL) {
                die("usage: rewrite FILE");
        }
        size_t n = fread(text, 1, FILE_MAX, f);
        fclose(f);
        if (n == FILE_MAX) {
                die("too long");
        }
        text[n] = '\0';
        tokenize();
        find_conditions();
        write_copy(argv[1]);
        return 0;
}
