/* libpq, loaded when a store in PostgreSQL is opened: it and what comes with it cost more time than
 * the start of everything else. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_STORE_PG_LATE_H
#define PL_STORE_PG_LATE_H

#include <libpq-fe.h>

#include "base/err.h"

#define PL_PQ_FUNCTIONS(X)  \
    X(PQclear)              \
    X(PQcmdStatus)          \
    X(PQconnectdbParams)    \
    X(PQconsumeInput)       \
    X(PQenterPipelineMode)  \
    X(PQerrorMessage)       \
    X(PQexec)               \
    X(PQexecParams)         \
    X(PQexecPrepared)       \
    X(PQexitPipelineMode)   \
    X(PQfinish)             \
    X(PQfreemem)            \
    X(PQgetisnull)          \
    X(PQgetlength)          \
    X(PQgetResult)          \
    X(PQgetvalue)           \
    X(PQnotifies)           \
    X(PQntuples)            \
    X(PQpipelineSync)       \
    X(PQprepare)            \
    X(PQresultErrorField)   \
    X(PQresultErrorMessage) \
    X(PQresultStatus)       \
    X(PQsendQueryPrepared)  \
    X(PQserverVersion)      \
    X(PQsetNoticeReceiver)  \
    X(PQsocket)             \
    X(PQstatus)             \
    X(PQtransactionStatus)

/* The functions under their own names. */
struct pl_pq {
#define PL_PQ_POINTER(f) __typeof__(&(f)) f;
    PL_PQ_FUNCTIONS(PL_PQ_POINTER)
#undef PL_PQ_POINTER
};

/* Fills `ret`; further calls are cheap. PL_E_UNSUP when the library is not on this machine. */
int pl_pq_load(struct pl_pq *ret, struct pl_err *err);

#endif
