#include "ds_syntax.h"

const char *ds_syntax_fault(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key: return "a member stands twice: write it once";
    case json_error_premature_end_of_input:
        return "the end is missing: close each quote, bracket and brace";
    case json_error_invalid_utf8: return "this is not UTF-8";
    case json_error_end_of_input_expected: return "something follows the last brace: remove it";
    case json_error_stack_overflow: return "the brackets are too deep in each other";
    default:
        return "this is not JSON: look for a comma, a colon or a quote that is missing or too much";
    }
}
