/* Where the worker may connect to: the public addresses, and those that the administrator names.
 *
 * A name says nothing about where it leads, so the rules are applied to the address that a
 * connection is about to be made to, after the name was looked up. Pure. For the worker, and for
 * the check of a configuration. */
#ifndef DS_SRC_EGRESS_H
#define DS_SRC_EGRESS_H

#include <sys/socket.h>

#include <apr_tables.h>

#include "ds_problem.h"

typedef struct ds_src_egress_t ds_src_egress_t;

#define DS_SRC_ADDRESS_SIZE 64

/* The rules with these exceptions (DataSyncEgressAllow), an array of const char * or NULL: a
 * host's name, an address, or ADDRESS/BITS. The problem names the one that is none of these. */
ds_problem_t *ds_src_egress_make(ds_src_egress_t **egress, const apr_array_header_t *allow,
                                 apr_pool_t *pool);

/* May a connection be made to this address for a host of this name? Not to addresses of this
 * machine, of private networks, of a link, of clouds' metadata, of documentation, to groups, or to
 * reserved ones, in whatever form of IPv6 they hide (mapped, NAT64, 6to4, Teredo). */
int ds_src_egress_allows(const ds_src_egress_t *egress, const char *host,
                         const struct sockaddr *address);

/* The address as people write it. */
void ds_src_egress_print(char text[DS_SRC_ADDRESS_SIZE], const struct sockaddr *address);

#endif
