/* SPDX-License-Identifier: Apache-2.0 */
/* segue root create: who may sign packages, and who may say so. */
#include <string.h>

#include "tools/segue/command.h"
#include "tools/segue/output.h"
#include "tools/segue/metadata.h"
#include "tools/segue/report.h"
#include "tools/segue/text.h"

static void write_role(struct json_writer *w, const char *name, const struct signer *signers,
                       uint32_t count, uint64_t threshold)
{
        json_write_open(w, name, '{');
        json_write_open(w, "keyids", '[');
        for (uint32_t i = 0; i < count; i++) {
                json_write_hex(w, NULL, signers[i].id, sizeof(signers[i].id));
        }
        json_write_close(w, ']');
        json_write_u64(w, "threshold", threshold);
        json_write_close(w, '}');
}

static bool seen_before(const struct signer *signers, uint32_t i)
{
        for (uint32_t k = 0; k < i; k++) {
                if (memcmp(signers[k].id, signers[i].id, sizeof(signers[i].id)) == 0) {
                        return true;
                }
        }
        return false;
}

/* Root keys first, then package keys, in one array. */
static void write_keys(struct json_writer *w, const struct signer *signers, uint32_t count)
{
        json_write_open(w, "keys", '{');
        for (uint32_t i = 0; i < count; i++) {
                char id[65];

                if (!seen_before(signers, i)) {
                        hex_text(id, signers[i].id, sizeof(signers[i].id));
                        key_write(w, id, signers[i].spki);
                }
        }
        json_write_close(w, '}');
}

/* A new root is signed by its own keys, which are the first `count`, and by those of the root
 * before it, which take the place of the package keys. Returns how many there are now. */
static uint32_t add_former_signers(struct signer *signers, uint32_t count, const struct args *args)
{
        uint32_t end =
                count + signers_load(signers + count, TUF_ROLE_KEYS_MAX, args, "former-root-key");

        for (uint32_t i = count; i < end; i++) {
                signers[count] = signers[i];
                if (!seen_before(signers, count)) {
                        count++;
                }
        }
        return count;
}

static int root_create(const struct args *args)
{
        struct signer *signers = allocate(2 * TUF_ROLE_KEYS_MAX, sizeof(*signers));
        uint32_t roots = signers_load(signers, TUF_ROLE_KEYS_MAX, args, "root-key");
        struct signer *package_signers = signers + roots;
        uint32_t packages = signers_load(package_signers, TUF_ROLE_KEYS_MAX, args, "package-key");
        uint64_t root_threshold = arg_number(args, "root-threshold", roots, roots);
        uint64_t package_threshold = arg_number(args, "package-threshold", 1, packages);
        char expires[TUF_TIME_SIZE];
        struct json_writer w;
        size_t length;

        expiry_option(expires, args, 10);
        metadata_begin(&w, "root", expires, arg_number(args, "version", 1, INT64_MAX));
        json_write_bool(&w, "consistent_snapshot", false);
        write_keys(&w, signers, roots + packages);
        json_write_open(&w, "roles", '{');
        write_role(&w, "root", signers, roots, root_threshold);
        write_role(&w, "snapshot", package_signers, packages, package_threshold);
        write_role(&w, "targets", package_signers, packages, package_threshold);
        write_role(&w, "timestamp", package_signers, packages, package_threshold);
        json_write_close(&w, '}');

        uint32_t count = add_former_signers(signers, roots, args);

        const char *text = metadata_sign(&w, signers, count, &length);

        file_write(arg(args, "o"), text, length);
        return 0;
}

static const struct option_spec create_options[] = {
        {"root-key", "K", "private key of the role root (repeatable)", OPTION_REPEATED},
        {"package-key", "K", "private key that signs packages (repeatable)", OPTION_REPEATED},
        {"root-threshold", "N", "how many of the root keys must sign (default: all)",
         OPTION_OPTIONAL},
        {"package-threshold", "N", "how many of the package keys must sign (default: 1)",
         OPTION_OPTIONAL},
        {"former-root-key", "K", "root key of the version before, to sign, too (repeatable)",
         OPTION_OPTIONAL},
        {"version", "N", "one more than the root before (default: 1)", OPTION_OPTIONAL},
        {"expires", "TIME", "such as 2030-01-01T00:00:00Z (default: in ten years)",
         OPTION_OPTIONAL},
        {"o", "FILE", "root.json", OPTION_REQUIRED},
        {0},
};

static const struct command commands[] = {
        {"create", "make the metadata of the role root (TUF)", NULL, 0, 0, create_options,
         root_create},
        {0},
};

const struct command_group root_group = {"root", "Trusted roots of packages (TUF)", commands};
