// Waiting that lets the core stop.
//
// The port arms its timer and then waits for an event. But arming pends an exception, entering an
// exception sets the core's event flag, and so the wait ends at once: a terminal that waits for a
// card would turn in a loop all day. Here the flag is taken down after arming.
//
// An event between the caller's last look and that instant, a few microseconds, is noticed only at
// the time-out. The timer itself cannot be missed: its flag is looked at before the core stops, and
// if it fires after that look, its own event ends the wait.

#include <stdbool.h>

#include "hardware/sync.h"
#include "py/mphal.h"
#include "shared/runtime/softtimer.h"

static volatile bool is_over;

static void over(soft_timer_entry_t *timer) {
    (void)timer;
    is_over = true;
}

void __wrap_mp_wfe_or_timeout(uint32_t timeout_ms) {
    soft_timer_entry_t timer;
    is_over = false;
    soft_timer_static_init(&timer, SOFT_TIMER_MODE_ONE_SHOT, 0, over);
    soft_timer_insert(&timer, timeout_ms);
    __sev();
    __wfe();
    if (!is_over) {
        __wfe();
    }
    soft_timer_remove(&timer);
}
