/* A store that cannot be reached now is waited for by who works over it. fleet.md section 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "cmd/worker_cmd.h"
#include "store/store.h"

#define PATIENCE_S 300u /* how long a store that is gone is waited for */
#define REST_MOST 5u    /* doublings: 32 s */

void pl_worker_rest(unsigned failures)
{
    unsigned seconds = 1u << (failures <= REST_MOST ? failures - 1 : REST_MOST);
    for (unsigned i = 0; i < seconds && !*pl_common_cancel(); i++)
        sleep(1);
}

int pl_worker_open(const char *where, const struct pl_fleet_log *log, struct pl_store **ret,
                   struct pl_err *err)
{
    const volatile sig_atomic_t *cancel = pl_common_cancel();
    unsigned waited = 0, pause = 1;
    for (;;) {
        int r = pl_store_open(where, PL_STORE_WRITE, ret, err);
        if ((r != PL_E_NET && r != PL_E_IO) || waited >= PATIENCE_S)
            return r;
        if (!waited)
            pl_fleet_log(log, &(struct pl_fleet_line){ .level = PL_LOG_ERROR,
                                                       .what = "waiting for the store",
                                                       .error = pl_str_c(err->msg) });
        for (unsigned i = 0; i < pause && !*cancel; i++)
            sleep(1);
        if (*cancel)
            return pl_fail(err, PL_E_CANCEL, "interrupted");
        waited += pause;
        pause = pause < 16 ? pause * 2 : 30;
    }
}
