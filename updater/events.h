/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: what happened, by a number that never changes. docs/events.md is the reference. An event
 * is one line of text:
 *
 *   event <number> <name> guest=<guest> [<field>=<value> ...] t=<ticks>
 *
 * guest is "-" when the event concerns no guest. Values hold no blanks.
 */
#ifndef UPDATER_EVENTS_H
#define UPDATER_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#define EVENT_LINE_MAX 240

/* E(number, name, name as text); docs/events.md lists the fields of each. */
#define SG_UPDATE_EVENTS(E)                             \
        E(1, STATE, "state")                            \
        E(2, STATE_REFUSED, "state-refused")            \
        E(10, PACKAGE_FOUND, "package-found")           \
        E(11, PACKAGE_ACCEPTED, "package-accepted")     \
        E(12, PACKAGE_REFUSED, "package-refused")       \
        E(13, PACKAGE_DONE, "package-done")             \
        E(14, PACKAGE_SKIPPED, "package-skipped")       \
        E(15, PACKAGE_SUPERSEDED, "package-superseded") \
        E(20, TARGET_CHOSEN, "target-chosen")           \
        E(21, TARGET_SKIPPED, "target-skipped")         \
        E(22, BASE_CHECK, "base-check")                 \
        E(23, BASE_MISMATCH, "base-mismatch")           \
        E(24, APPLY_BEGIN, "apply-begin")               \
        E(25, APPLY_PROGRESS, "apply-progress")         \
        E(26, APPLY_END, "apply-end")                   \
        E(27, VERIFY_PROGRESS, "verify-progress")       \
        E(28, TARGET_FAILED, "target-failed")           \
        E(30, STAGED, "staged")                         \
        E(31, UNSTAGED, "unstaged")                     \
        E(32, CONSENT_ASKED, "consent-asked")           \
        E(33, CONSENT_GIVEN, "consent-given")           \
        E(34, CONSENT_DEFERRED, "consent-deferred")     \
        E(35, RESTART, "restart")                       \
        E(40, TRIAL, "trial")                           \
        E(41, CONFIRM_RELAYED, "confirm-relayed")       \
        E(42, CONFIRMED, "confirmed")                   \
        E(43, TRY_SPENT, "try-spent")                   \
        E(44, ROLLED_BACK, "rolled-back")               \
        E(45, IMAGE_REFUSED, "image-refused")           \
        E(46, STARTED, "started")                       \
        E(50, REFILL_BEGIN, "refill-begin")             \
        E(51, REFILL_PROGRESS, "refill-progress")       \
        E(52, REFILLED, "refilled")                     \
        E(53, REFILL_FAILED, "refill-failed")           \
        E(60, AGENT_HELLO, "agent-hello")               \
        E(61, AGENT_BEATS, "agent-beats")               \
        E(62, AGENT_UNKNOWN, "agent-unknown")           \
        E(70, JOURNAL_NEW, "journal-new")               \
        E(71, JOURNAL_ERROR, "journal-error")           \
        E(80, BOOT, "boot")                             \
        E(81, EXITS, "exits")                           \
        E(82, TIMER, "timer")

enum event_number {
#define SG_EVENT_ENUM(number, name, text) EVENT_##name = (number),
        SG_UPDATE_EVENTS(SG_EVENT_ENUM)
#undef SG_EVENT_ENUM
};

/* A line under construction: begin, then fields, then end. Too long a line loses whole fields at
 * its end, never the time. Bytes of a value that are not printable ASCII, and blanks, become '_'.
 */
struct event_line {
        size_t length;
        char text[EVENT_LINE_MAX + 1];
};

const char *event_name(enum event_number number);
void event_begin(struct event_line *l, enum event_number number, const char *guest);
void event_u64(struct event_line *l, const char *field, uint64_t value);
void event_i64(struct event_line *l, const char *field, int64_t value);
void event_text(struct event_line *l, const char *field, const char *value);
void event_end(struct event_line *l, uint64_t ticks);

#endif
