#!/usr/bin/python3
"""Are launches due when somebody else's scheduler says so?

Seeded random schedules go through schedule_dump and through croniter. Where the rules of both differ,
no cases are made (rules_agree says where). On days on which a clock is changed croniter has no rule;
there the written rule of docs/schedules.md is played minute by minute, with the zones of Python's
zoneinfo, which also checks our reader of zone files.
"""
import datetime
import random
import subprocess
import sys
import zoneinfo

from croniter import CroniterBadDateError, croniter

UTC = datetime.timezone.utc
LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
NAMES = {3: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(), 4: 'sun mon tue wed thu fri sat'.split()}
ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Asia/Kolkata',
         'Pacific/Auckland', 'Europe/Dublin', 'America/St_Johns', 'Asia/Tokyo', 'America/Santiago']
YEAR_2023, YEAR_2037, YEAR_2060 = 1672531200, 2114380800, 2840140800


def value(rng, field):
    number = rng.randint(*LIMITS[field])
    if field in NAMES and rng.random() < 0.4:
        name = NAMES[field][number % 7 if field == 4 else number - 1]
        return rng.choice([name, name.upper(), name.title()])
    return rng.choice(['%d', '%d', '%02d']) % number


def item(rng, field, star):
    low, high = LIMITS[field]
    step = rng.randint(1, high)
    kind = rng.random()
    if kind < 0.5:
        return value(rng, field)
    if kind < 0.75:
        ends = sorted(rng.randint(low, high) for _ in range(2))
        return '%d-%d' % tuple(ends) + rng.choice(['', '', '/%d' % step])
    if kind < 0.85 and star:
        return '*/%d' % step
    return '%d/%d' % (rng.randint(low, high), step)


def field_text(rng, field, star=True):
    if star and rng.random() < 0.45:
        return '*'
    return ','.join(item(rng, field, star) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def rules_agree(text):
    """Does croniter 1.3.5 read the day fields as Vixie's cron does? It does not where one begins with a
    star but has a step (it takes either field, not both), or lists every value (taken for a star). After
    a month without the 29th to 31st it leaves out the first days of the next one, and it finds nothing
    at all when no month has such a day, although the weekday would do. test_cron has these by hand.
    """
    words, expanded = text.split(), croniter.expand(text)[0]
    days = expanded[2]
    if days == ['*'] or expanded[4] == ['*']:
        is_plain = all((expanded[i] == ['*']) == (words[i] == '*') for i in (2, 4))
    else:
        is_plain = not (words[2] + words[4]).count('*') and min(days) < 29
    return is_plain and (days == ['*'] or min(days) > 3 or max(days) < 29)


def cron_text(rng):
    """An expression that both read by the same rule."""
    if rng.random() < 0.02:
        return rng.choice('@hourly @daily @midnight @weekly @monthly @yearly @annually'.split())
    while True:
        words = [field_text(rng, field) for field in (0, 1, 3)]
        which = rng.random()
        day = '*' if which < 0.4 else field_text(rng, 2, which < 0.8)
        weekday = field_text(rng, 4) if day == '*' else '*' if which < 0.8 else field_text(rng, 4, False)
        text = ' '.join([words[0], words[1], day, words[2], weekday])
        if rules_agree(text):
            return text


def ask(questions):
    stdin = ''.join('\t'.join(map(str, words)) + '\n' for words in questions)
    run = subprocess.run(['t/10-unit/schedule_dump'], input=stdin.encode(), stdout=subprocess.PIPE, check=True)
    answers = run.stdout.decode().splitlines()
    if len(answers) != len(questions):
        sys.exit('%d questions, %d answers' % (len(questions), len(answers)))
    return [int(answer) if answer.lstrip('-').isdigit() else 'never' if 'never comes' in answer else answer
            for answer in answers]


def croniter_next(text, when, zone):
    start = datetime.datetime.fromtimestamp(when, UTC if zone == 'UTC' else zoneinfo.ZoneInfo(zone))
    try:
        return int(croniter(text, start).get_next(datetime.datetime).timestamp())
    except CroniterBadDateError:
        return 'never'


def compare(questions, wanted):
    """How many are equal; shows the first that are not."""
    answers = ask(questions)
    wrong = [(q, w, a) for q, w, a in zip(questions, wanted, answers) if w != a]
    for question, want, answer in wrong[:10]:
        print('# %r: wanted %s, got %s' % (question, want, answer))
    return len(answers) - len(wrong)


def offset(zone, when):
    return datetime.datetime.fromtimestamp(when, zoneinfo.ZoneInfo(zone)).utcoffset().total_seconds()


def is_quiet(zone, when, days):
    """Is the clock left alone for so many days before and after?"""
    return len({offset(zone, when + day * 86400) for day in range(-days, days + 1)}) == 1


def utc_cases(rng):
    cases = []
    for _ in range(10000):
        text, when = cron_text(rng), rng.randrange(YEAR_2023, YEAR_2060)
        cases.append((('next', when, 'UTC', text), croniter_next(text, when, 'UTC')))
    return cases


def zone_cases(rng):
    """Those of which neither end nor anything between is near a change of the clock."""
    cases = []
    while len(cases) < 3000:
        text, when, zone = cron_text(rng), rng.randrange(YEAR_2023, YEAR_2037), rng.choice(ZONES)
        due = croniter_next(text, when, zone)
        if due != 'never' and due - when < 86400 * 60 and is_quiet(zone, (when + due) // 2, (due - when) // 172800 + 3):
            cases.append((('next', when, zone, text), due))
    return cases


def matches(sets, shown):
    """Does a wall-clock time match? sets are those of croniter."""
    def has(field, number):
        return sets[field] == ['*'] or number in sets[field]
    days = (has(2, shown.day), has(4, shown.isoweekday() % 7))
    either = sets[2] != ['*'] and sets[4] != ['*']
    return (has(0, shown.minute) and has(1, shown.hour) and has(3, shown.month)
            and (any(days) if either else all(days)))


def play(text, when, zone, until):
    """The written rule: let the clock run minute by minute, and look at what it shows."""
    sets = croniter.expand(text)[0]
    hour = text.split()[1]
    every = any(word.startswith('*') or ('/' in word and '-' not in word) for word in hour.split(','))
    minute = datetime.timedelta(minutes=1)
    tz = zoneinfo.ZoneInfo(zone)
    now = when - when % 60 - 2 * 86400
    shown = highest = datetime.datetime.fromtimestamp(now, tz).replace(tzinfo=None)
    while now <= until:
        now += 60
        shown = datetime.datetime.fromtimestamp(now, tz).replace(tzinfo=None)
        due = every and matches(sets, shown)
        while highest < shown:
            highest += minute
            due = due or (not every and matches(sets, highest))
        if due and now > when:
            return now
    return None


def change_find(rng, zone):
    """A moment at which the clock of a zone is changed."""
    low = rng.randrange(YEAR_2023, YEAR_2060)
    while offset(zone, low) == offset(zone, low + 86400):
        low += 86400
    high = low + 86400
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
    return high


def change_cases(rng):
    """Schedules with their hours around the change, asked from shortly before to shortly after it."""
    zones = [zone for zone in ZONES if zone not in ('America/Sao_Paulo', 'Asia/Kolkata', 'Asia/Tokyo')]
    cases = []
    while len(cases) < 1500:
        zone = rng.choice(zones)
        change = change_find(rng, zone)
        hour = datetime.datetime.fromtimestamp(change, zoneinfo.ZoneInfo(zone)).hour
        hours = ['*', '*/2', '%d/1' % hour, '%d' % hour, '%d' % ((hour + 23) % 24), '0-4', '0-23/3', '22,23,0,1,2,3']
        text = '%s %s * * %s' % (field_text(rng, 0), rng.choice(hours), rng.choice(['*', '*', 'sun', 'mon-sat']))
        when = change + rng.randrange(-9000, 9000)
        due = play(text, when, zone, change + 86400 * 2)
        if due is not None:
            cases.append((('next', when, zone, text), due))
    return cases


def offset_cases(rng):
    cases = []
    for zone in sorted(zoneinfo.available_timezones()):
        if zone != 'localtime':
            for _ in range(40):
                when = rng.randrange(0, 2 * YEAR_2060)
                cases.append((('zone', when, zone), offset(zone, when)))
    return cases


def run(number, name, make, least):
    cases = make(random.Random(number))
    equal = compare([question for question, _ in cases], [wanted for _, wanted in cases])
    passed = equal == len(cases) >= least
    print('%sok %d - %s (%d of %d cases)' % ('' if passed else 'not ', number, name, equal, len(cases)), flush=True)
    return passed


if __name__ == '__main__':
    results = [
        run(1, 'launches in UTC are due when croniter says so', utc_cases, 10000),
        run(2, 'launches in other zones are due when croniter says so, while the clock is left alone', zone_cases, 3000),
        run(3, 'a change of the clock costs no launch and doubles none against the written rule', change_cases, 1500),
        run(4, 'every zone of the system has the offsets that Python reads', offset_cases, 10000),
    ]
    print('1..%d' % len(results))
    raise SystemExit(0 if all(results) else 1)
