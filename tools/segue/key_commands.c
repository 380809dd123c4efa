/* SPDX-License-Identifier: Apache-2.0 */
/* segue key generate|public */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/segue/command.h"
#include "tools/segue/output.h"
#include "tools/segue/text.h"
#include "tools/segue/keys.h"
#include "tools/segue/report.h"

static int key_generate(const struct args *args)
{
        char pem[PEM_MAX];
        const char *path = arg(args, "o");

        if (!arg_flag(args, "force") && access(path, F_OK) == 0) {
                fail(SG_E_IO, "%s: exists already; --force replaces it", path);
        }
        key_generate_pem(pem);

        struct output *out = output_open(path);

        if (fchmod(out->fd, S_IRUSR | S_IWUSR) != 0) {
                fail_errno(path);
        }
        output_write(out, pem, strlen(pem));
        output_commit(out);
        return 0;
}

/* To -o FILE, or to stdout. */
static void emit(const struct args *args, const void *data, size_t size)
{
        const char *path = arg(args, "o");

        if (path != NULL) {
                file_write(path, data, size);
        } else if (fwrite(data, 1, size, stdout) != size || fflush(stdout) != 0) {
                fail_errno("stdout");
        }
}

enum public_form { FORM_PEM, FORM_DER, FORM_SHA256, FORM_SHA256_BINARY };

static enum public_form public_form(const struct args *args)
{
        static const char *const names[] = {"pem", "der", "sha256", "sha256-binary"};
        const char *name = arg(args, "format");

        if (name == NULL) {
                return FORM_PEM;
        }
        for (int i = 0; i < 4; i++) {
                if (strcmp(name, names[i]) == 0) {
                        return (enum public_form)i;
                }
        }
        fail(SG_E_USAGE, "--format: '%s' is not pem, der, sha256 or sha256-binary", name);
}

static size_t encode_public(const struct public_key *key, enum public_form form, uint8_t *out)
{
        char *text = (char *)out;

        switch (form) {
        case FORM_PEM:
                key_public_pem(text, key);
                return strlen(text);
        case FORM_DER:
                memcpy(out, key->spki, key->spki_size);
                return key->spki_size;
        case FORM_SHA256:
                hex_text(text, key->hash, sizeof(key->hash));
                text[2 * sizeof(key->hash)] = '\n';
                return 2 * sizeof(key->hash) + 1;
        case FORM_SHA256_BINARY:
                memcpy(out, key->hash, sizeof(key->hash));
                return sizeof(key->hash);
        }
        return 0;
}

static int key_public(const struct args *args)
{
        uint8_t *all = allocate((size_t)args->operand_count, PEM_MAX);
        size_t size = 0;

        for (int i = 0; i < args->operand_count; i++) {
                struct public_key key;

                key_load_public(&key, args->operands[i]);
                size += encode_public(&key, public_form(args), all + size);
        }
        emit(args, all, size);
        return 0;
}

static const struct option_spec generate_options[] = {
        {"o", "FILE", "the new private key, PEM, readable by its owner alone", OPTION_REQUIRED},
        {"force", NULL, "replace a file that exists", OPTION_OPTIONAL},
        {0},
};

static const struct option_spec public_options[] = {
        {"format", "FORM", "pem (default), der, sha256 (hex), sha256-binary", OPTION_OPTIONAL},
        {"o", "FILE", "write there, not to stdout", OPTION_OPTIONAL},
        {0},
};

static const struct command commands[] = {
        {"generate", "make an ECDSA P-256 key", NULL, 0, 0, generate_options, key_generate},
        {"public", "write the public halves of keys, one after the other", "KEY...", 1, 16,
         public_options, key_public},
        {0},
};

const struct command_group key_group = {"key", "Keys (ECDSA P-256)", commands};
