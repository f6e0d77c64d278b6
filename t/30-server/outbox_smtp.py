#!/usr/bin/python3
"""A mail server for tests: outbox_smtp.py PORT DIRECTORY, on 127.0.0.1, until its standard input ends.

Each mail becomes a line of JSON in DIRECTORY/received, as Python's own reader of mail understands it. A recipient is
answered with the first line of DIRECTORY/answers, which is taken away, while there is one. While there is
DIRECTORY/hold the answer to a whole mail waits.
"""
import asyncio
import email
import email.policy
import json
import os
import sys
import threading

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self, directory):
        self.directory = directory

    def answer_take(self):
        path = os.path.join(self.directory, 'answers')
        try:
            with open(path) as lines:
                first, *rest = lines.read().splitlines()
        except (OSError, ValueError):
            return None
        with open(path, 'w') as lines:
            lines.writelines(line + '\n' for line in rest)
        return first

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answer_take()
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return '250 OK'

    def keep(self, envelope):
        raw = envelope.content
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        record = {'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'body': mail.get_content().replace('\r\n', '\n'),
                  'headers': {name.lower(): str(value) for name, value in mail.items()},
                  'defects': [repr(fault) for fault in mail.defects] + [
                      f'{name}: {fault!r}' for name, value in mail.items() for fault in value.defects],
                  'plain': all(byte < 128 for byte in raw) and b'\n' not in raw.replace(b'\r\n', b''),
                  'longest': max(map(len, raw.split(b'\r\n')))}
        with open(os.path.join(self.directory, 'received'), 'a') as out:
            out.write(json.dumps(record) + '\n')

    async def handle_DATA(self, server, session, envelope):
        self.keep(envelope)
        while os.path.exists(os.path.join(self.directory, 'hold')):
            await asyncio.sleep(0.05)
        return '250 OK'


def end_wait():
    sys.stdin.read()
    os._exit(0)


async def main(port, directory):
    handler = Handler(directory)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(handler), '127.0.0.1', port)
    await server.serve_forever()


threading.Thread(target=end_wait, daemon=True).start()
asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
