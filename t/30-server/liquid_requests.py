# The samples of Liquid's description with python3-requests, as they stand there, and the history of their jobs by
# the protocol Braze. Prints what was answered, as one JSON.
#   liquid_requests.py SERVER CLIENT SECRET KEY INTEGRATION DIRECTORY
import json
import os
import sys
import time

import requests

server, client, secret, key, integration, directory = sys.argv[1:7]
com = community = 'Office'
ended = ('Completed', 'Rejected', 'Canceled', 'Failed')
seen = {}
os.chdir(directory)

login = requests.post(server + '/ls/api/oauth2/token', data={
    'grant_type': 'password', 'client_id': client, 'client_secret': secret, 'username': client, 'password': secret,
    'scope': 'community=' + community})
accessToken = login.json()['access_token']
seen['valid'] = requests.get(server + '/ls/api/oauth2/validate', headers={'Authorization': 'Bearer ' + accessToken}).status_code
seen['community'] = requests.post(server + '/ls/api/oauth2/tokenInfo', headers={'Authorization': 'Bearer ' + accessToken}).json()['community']


# Progress
def status(jobId):
    payload = {'jobId':jobId}
    response = requests.post(server + '/ls/api/batch/status'.format(com), headers={'Authorization':'Bearer ' + accessToken}, data=payload)
    return response.json()


def end(response):
    job = response.json()
    until = time.monotonic() + 120
    while job['status'] not in ended and time.monotonic() < until:
        time.sleep(0.05)
        job = status(job['jobId'])
    return job


# Import
def import_run(files, parameters):
    return end(requests.post(
        server + '/ls/api/batch/import'.format(community),
        headers={'Authorization':'Bearer ' + accessToken},
        files=files,
        data=parameters))


files = {'file': ('data.json', open('data.json', 'rb'), 'application/json', {'Expires': '0'})}
parameters = {
    'notificationEmail': 'someone@example.com',
    'jobName': 'Attendee Import Job',
    'contentType':'application/json',
    'itemType':'part',
    'merge':False}
seen['import of JSON'] = import_run(files, parameters)
parameters['contentType'] = 'plain/text'
files = {'file': ('data.csv', open('data.csv', 'rb'), 'plain/text', {'Expires': '0'})}
seen['import'] = import_run(files, dict(parameters, headerRow='True'))
files = {'file': ('lines.csv', open('lines.csv', 'rb'), 'plain/text', {'Expires': '0'}),
         'template': ('template.json', open('template.json', 'rb'), 'application/json', {'Expires': '0'})}
seen['import by a template'] = import_run(files, dict(parameters, merge='True', headerRow=None))


# Export
def export_run(filters, sqlQuery, contentType, template, **more):
    parameters = {
        'notificationEmail': 'someone@example.com',
        'jobName': 'Attendee Export Job',
        'itemType': 'part',
        'sqlQuery': sqlQuery,
        'contentType': contentType,
        'filters': str(filters),
        'template': template}
    job = end(requests.post(
        server + '/ls/api/batch/export'.format(community),
        headers={'Authorization':'Bearer ' + accessToken},
        data=dict(parameters, **more)))
    result = requests.get(server + '/ls/api/batch/' + job['jobId'] + '/result', headers={'Authorization':'Bearer ' + accessToken})
    return [job['status'], job['recordsProcessed'], result.content.decode('utf-8')]


filters = { "name":"o'bolt",
"active":True}
seen['export'] = export_run(filters, None, 'text/plain', '')
seen['export of all'] = export_run(0, None, 'text/plain', '', rowHeader=True)
seen['export as JSON'] = json.loads(export_run({}, None, 'application/json', None)[2])
seen['export by a template'] = export_run(0, None, 'text/plain', '$sku has $!count')
seen['export by a query'] = export_run(filters, "SELECT upper(name) AS name FROM part WHERE sku = 'R3'", 'text/plain', '')
seen['cancel'] = requests.post(server + '/ls/api/batch/cancel', headers={'Authorization':'Bearer ' + accessToken},
                               data={'jobId': seen['import']['jobId']}).json()['status']

# All of them are in the history of Braze, page by page.
url = server + '/cdi/integrations/' + integration + '/job_sync_status'
jobs, pages = [], 0
while url and pages < 20:
    page = requests.get(url, headers={'Content-Type': 'application/json', 'Authorization': 'Bearer ' + key})
    jobs += page.json()['results']
    pages += 1
    url = server + page.links['next']['url'] if 'next' in page.links else None
seen['history'] = [pages, len(jobs), sorted({job['job_status'] for job in jobs})]
print(json.dumps(seen))
