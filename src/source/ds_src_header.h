/* Headers of requests that other people's texts name: source specs, their values, tokens. Pure. */
#ifndef DS_SRC_HEADER_H
#define DS_SRC_HEADER_H

/* Is this a header that a request may have: a name and a value of the right letters, and none that
 * says how the connection is used? NULL, or what is wrong with it. */
const char *ds_src_header_fault(const char *name, const char *value);

#endif
