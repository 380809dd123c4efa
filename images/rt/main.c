// SPDX-License-Identifier: Apache-2.0
/*
 * The RT guest: a 1 kHz timer that counts its beats, and an agent on its channel. It stands for the
 * modem RTOS beside the personas: what it loses, the hypervisor took.
 */
#include "images/rt/beats.h"
#include "images/rt/build.h"
#include "images/rt/cpu.h"
#include "images/rt/gic.h"
#include "images/rt/layout.h"
#include "images/rt/psci.h"
#include "images/rt/uart.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define BEAT_HZ         1000
#define BEATS_TO_PROVE  500 /* taken before the image says that it works */
#define BEATS_PER_ALIVE BEAT_HZ
#define BEATS_PER_LOG   (10 * BEAT_HZ)
#define CONFIRMS_MAX    10 /* a word is lost with an update partition that fails over it */

void rt_main(const void *dtb);
void rt_irq(void);
_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far);
_Noreturn void __stack_chk_fail(void);

static struct uart console;
static struct uart agent;
static struct beats beats;
static uint64_t frequency; /* of the counter, Hz */
static uint64_t due;       /* counter value of the next beat */
static char token[17];
static unsigned confirms_left = CONFIRMS_MAX;

static void say(const char *verb, const char *rest)
{
        char line[UART_LINE];

        snprintf(line, sizeof(line), "%s%s%s\n", verb, *rest != '\0' ? " " : "", rest);
        uart_puts(&agent, line);
}

static void agent_line(char *text)
{
        if (strcmp(text, "beats?") == 0) {
                char line[BEATS_LINE];
                beats_line(&beats, line);
                uart_puts(&agent, line);
        } else if (strcmp(text, "reboot now?") == 0) {
                say("ready", "");
        } else if (strcmp(text, "confirmed") == 0) {
                confirms_left = 0;
        }
}

static void report(void)
{
        char line[BEATS_LINE];

        beats_line(&beats, line);
        uart_puts(&console, line);
}

static void confirm(void)
{
        const char *word = rt_confirmation(token);

        if (word != NULL && word[0] != '\0' && confirms_left > 0) {
                say("confirm", word);
                confirms_left--;
        }
}

static void beat(void)
{
        uint64_t now = read_sysreg(cntvct_el0);

        beats_take(&beats, (now - due) * 1000000 / frequency);
        due += frequency / BEAT_HZ;
        write_sysreg(cntv_cval_el0, due);
        if (beats.count % BEATS_PER_ALIVE == BEATS_TO_PROVE) {
                confirm();
        }
        if (beats.count % BEATS_PER_ALIVE == 0) {
                say("alive", "");
        }
        if (beats.count % BEATS_PER_LOG == 0) {
                report();
        }
}

void rt_irq(void)
{
        unsigned intid = (unsigned)read_sysreg(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */

        if (intid == RT_TIMER_INTID) {
                beat();
        } else if (intid == RT_AGENT_INTID) {
                uart_interrupt(&agent, agent_line);
        }
        if (intid < GIC_SPURIOUS) {
                write_sysreg(S3_0_C12_C12_1, intid); /* ICC_EOIR1_EL1 */
        }
}

_Noreturn void rt_fault(uint64_t esr, uint64_t elr, uint64_t far)
{
        char line[UART_LINE];

        snprintf(line, sizeof(line), "fault: esr %#llx elr %#llx far %#llx\n",
                 (unsigned long long)esr, (unsigned long long)elr, (unsigned long long)far);
        uart_puts(&console, line);
        psci_system_reset();
}

/* Debian's libfdt is built with the stack protector. */
_Noreturn void __stack_chk_fail(void)
{
        uart_puts(&console, "stack smashed\n");
        psci_system_reset();
}

static void read_token(const void *dtb)
{
        int length;
        const char *value =
                fdt_getprop(dtb, fdt_path_offset(dtb, "/chosen"), "segue,token", &length);

        if (value != NULL && length > 0 && (size_t)length <= sizeof(token)) {
                memcpy(token, value, (size_t)length);
                token[sizeof(token) - 1] = '\0';
        }
}

static void start_timer(void)
{
        frequency = read_sysreg(cntfrq_el0);
        due = read_sysreg(cntvct_el0) + frequency / BEAT_HZ;
        write_sysreg(cntv_cval_el0, due);
        write_sysreg(cntv_ctl_el0, 1);
        gic_enable(RT_TIMER_INTID);
}

void rt_main(const void *dtb)
{
        uart_start(&console, RT_CONSOLE);
        uart_start(&agent, RT_AGENT);
        uart_puts(&console, rt_version);
        uart_puts(&console, " starts\n");
        read_token(dtb);
        gic_start();
        gic_enable(RT_AGENT_INTID);
        say("hello", rt_version);
        start_timer();
        __asm__ volatile("msr daifclr, #2");
        rt_behave();
        for (;;) {
                __asm__ volatile("wfi");
        }
}
