/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tuf_rig.h"

jsmntok_t tokens[TUF_TOKENS_MAX];
const struct tuf_context context = {tokens, TUF_TOKENS_MAX, NULL};
struct tuf_root root;
struct tuf_targets targets;
struct maker_key key_a, key_b, key_c, key_d;
const struct maker_role root_role = {{&key_a}, 1, 1}, targets_role = {{&key_c}, 1, 1};

int make_keys(void **state)
{
        (void)state;
        maker_key_make(&key_a);
        maker_key_make(&key_b);
        maker_key_make(&key_c);
        maker_key_make(&key_d);
        return 0;
}

int free_keys(void **state)
{
        (void)state;
        maker_key_free(&key_a);
        maker_key_free(&key_b);
        maker_key_free(&key_c);
        maker_key_free(&key_d);
        return 0;
}

sg_err pin(const struct maker_text *t)
{
        return tuf_root_pinned(&root, &context, t->text, t->length);
}

sg_err update(const struct maker_text *t)
{
        static struct tuf_root scratch;

        return tuf_root_update(&root, &scratch, &context, t->text, t->length);
}

sg_err verify(const struct maker_text *t)
{
        return tuf_targets_verify(&targets, &root, &context, t->text, t->length);
}

void pin_own(void)
{
        struct maker_text t;

        maker_root(&t, 1, &root_role, &targets_role, &root_role);
        assert_int_equal(pin(&t), SG_OK);
}

void sign_edited(struct maker_text *out, const struct maker_text *in, const char *from,
                 const char *to, const struct maker_role *signers)
{
        static jsmntok_t t[TUF_TOKENS_MAX];
        struct json json;
        char body[MAKER_TEXT_MAX];

        assert_int_equal(json_parse(&json, in->text, in->length, t, TUF_TOKENS_MAX), SG_OK);
        const jsmntok_t *s = &json.token[json_member(&json, 0, "signed")];
        size_t length = (size_t)(s->end - s->start);
        memcpy(body, in->text + s->start, length);
        body[length] = '\0';
        char *at = strstr(body, from);
        assert_non_null(at);
        memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
        memcpy(at, to, strlen(to));
        maker_sign(out, body, strlen(body), signers);
}
