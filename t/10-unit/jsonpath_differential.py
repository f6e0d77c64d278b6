#!/usr/bin/python3
"""Does a path find what somebody else's JSONPath finds?

Seeded random documents and paths of the subset go through jsonpath_dump and through jsonpath_rw. Paths that
ask something else than an array for its elements are left out: jsonpath_rw takes anything for an array of one.
"""
import json
import random
import subprocess

from jsonpath_rw.jsonpath import Child, Fields, Index, Root, Slice

NAMES = ['a', 'b', 'data', 'next_page', 'x1', 'größe']
ODD_NAMES = ['a b', 'it.em', '@odata.next', 'x/y', '0', 'a]b']


def document(rng, depth=0):
    kind = rng.random()
    if depth > 4 or kind < 0.2:
        return rng.choice([None, True, 0, 12, -1.5, '', 'text', 'ü'])
    if kind < 0.65:
        names = rng.sample(NAMES + ODD_NAMES, rng.randint(0, 6))
        return {name: document(rng, depth + 1) for name in names}
    return [document(rng, depth + 1) for _ in range(rng.randint(0, 4))]


def step(rng, value):
    """A step that mostly leads somewhere, as text and for jsonpath_rw, and where it leads (None: we do not know)."""
    if isinstance(value, list) and rng.random() < 0.9:
        if rng.random() < 0.3:
            return '[*]', Slice(), rng.choice(value) if value else None
        index = rng.randint(0, max(0, len(value)))
        return '[%d]' % index, Index(index), value[index] if index < len(value) else None
    name = rng.choice(list(value)) if isinstance(value, dict) and value and rng.random() < 0.9 else rng.choice(NAMES)
    ours = '.' + name if name in NAMES and rng.random() < 0.7 else rng.choice(["['%s']", '["%s"]']) % name
    return ours, Fields(name), value.get(name) if isinstance(value, dict) else None


def found(theirs, root):
    return [match.value for match in theirs.find(root)]


def case(rng):
    root = {'root': document(rng), 'a': document(rng)}
    ours, theirs, value = '$', Root(), root
    for _ in range(rng.randint(1, 6)):
        mine, other, value = step(rng, value)
        if mine == '[*]' or mine[1:2].isdigit():
            if not all(isinstance(array, list) for array in found(theirs, root)):
                break
        ours, theirs = ours + mine, Child(theirs, other)
        if value is None:
            break
    return ours, theirs, root


if __name__ == '__main__':
    rng = random.Random(7)
    cases = [case(rng) for _ in range(3500)]
    stdin = ''.join(json.dumps({'path': ours, 'document': root}) + '\n' for ours, _, root in cases)
    run = subprocess.run(['t/10-unit/jsonpath_dump'], input=stdin.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in run.stdout.decode().splitlines()]
    equal = some = 0
    for (ours, theirs, root), answer in zip(cases, answers):
        wanted = found(theirs, root)
        equal += wanted == answer
        some += bool(wanted)
        if wanted != answer:
            print('# %s in %s\n#      got: %s\n#   wanted: %s' % (ours, json.dumps(root), answer, wanted))
    passed = equal == len(cases) == len(answers) and some > 1000
    print('%sok 1 - paths find what jsonpath_rw finds (%d of %d cases, %d with something to find)'
          % ('' if passed else 'not ', equal, len(cases), some))
    print('1..1')
    raise SystemExit(0 if passed else 1)
