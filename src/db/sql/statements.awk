# Makes the table of statements from .sql files.
#
#   -- :NAME          begins a statement; it ends before the next name or the file's end
#   -- anything else  is a comment
#
# A file directly in sql/ holds the text for every database; one in sql/DIALECT/ holds the text for that
# dialect and overrides. Run with -v want=header for the enum, want=source for the texts.

BEGIN {
    split("sqlite pgsql", dialects, " ")
}

FNR == 1 {
    name = ""
    dialect = "any"
    for (i in dialects)
        if (index(FILENAME, "/sql/" dialects[i] "/"))
            dialect = dialects[i]
}

/^-- :/ {
    name = substr($2, 2)
    if (name !~ /^[A-Z][A-Z0-9_]*$/)
        fail("not a statement's name: " name)
    if ((name, dialect) in text)
        fail(name " stands twice for " dialect)
    if (!(name in seen)) {
        seen[name] = 1
        order[++count] = name
    }
    text[name, dialect] = ""
    next
}

/^--/ || /^[ \t]*$/ { next }

{
    if (name == "")
        fail("a line before the first name")
    sub(/^[ \t]+/, "")
    sub(/[ \t]+$/, "")
    text[name, dialect] = text[name, dialect] (text[name, dialect] == "" ? "" : " ") $0
}

function fail(why) {
    print FILENAME ":" FNR ": " why > "/dev/stderr"
    failed = 1
    exit 1
}

function quoted(name, dialect,    s) {
    if ((name, dialect) in text)
        s = text[name, dialect]
    else if ((name, "any") in text)
        s = text[name, "any"]
    else
        return "NULL"
    sub(/;$/, "", s)
    gsub(/\\/, "\\\\", s)
    gsub(/"/, "\\\"", s)
    return "\"" s "\""
}

# How many values a statement takes: the same for each database that has it.
function arguments(name,    dialect, n, s, i) {
    n = -1
    for (i = 1; i in dialects; i++) {
        dialect = (name, dialects[i]) in text ? dialects[i] : "any"
        if (!((name, dialect) in text))
            continue
        s = text[name, dialect]
        s = gsub(/%[A-Za-z]/, "", s)
        if (n >= 0 && n != s) {
            print name " takes other arguments for " dialect > "/dev/stderr"
            exit 1
        }
        n = s
    }
    return n
}

END {
    if (failed)
        exit 1
    print "/* Made from src/db/sql by statements.awk. */"
    if (want == "header") {
        print "#ifndef DS_DB_STATEMENTS_H\n#define DS_DB_STATEMENTS_H\n"
        print "typedef enum ds_stmt_e {"
        for (i = 1; i <= count; i++)
            print "    STMT_" order[i] ","
        print "    STMT_COUNT\n} ds_stmt_e;\n"
        print "typedef struct ds_db_statement_t {"
        print "    const char *name;"
        print "    const char *sqlite;"
        print "    const char *pgsql;"
        print "    int arguments;"
        print "} ds_db_statement_t;\n"
        print "extern const ds_db_statement_t ds_db_statements[STMT_COUNT];\n\n#endif"
    }
    else {
        print "#include <stddef.h>\n\n#include \"ds_db_statements.h\"\n"
        print "const ds_db_statement_t ds_db_statements[STMT_COUNT] = {"
        for (i = 1; i <= count; i++)
            printf "    {\"%s\",\n     %s,\n     %s,\n     %d},\n", order[i], quoted(order[i], "sqlite"),
                quoted(order[i], "pgsql"), arguments(order[i])
        print "};"
    }
}
