"""Runs commands of the AWS CLI, one for each line of JSON on standard input, and answers each with a line of JSON.

In:  {"arguments": ["events", "list-rules"], "environment": {...}}
Out: {"status", "stdout", "stderr"}
Each command runs in a process of its own, forked from this one, which has already loaded the CLI.
"""

import json
import os
import sys
import tempfile

import awscli.clidriver

# Loads what every command needs.
awscli.clidriver.create_clidriver()


def run_forked(arguments, environment):
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            status = 255
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(output.fileno(), 1)
                os.dup2(errors.fileno(), 2)
                os.environ.update(environment)
                sys.argv = ['aws', *arguments]
                status = awscli.clidriver.main()
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        printed = []
        for file in (output, errors):
            file.seek(0)
            printed.append(file.read().decode())
        return {'status': os.waitstatus_to_exitcode(ended), 'stdout': printed[0], 'stderr': printed[1]}


for line in sys.stdin:
    command = json.loads(line)
    print(json.dumps(run_forked(command['arguments'], command['environment'])), flush=True)
