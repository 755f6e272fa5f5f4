#!/usr/bin/env python3
"""kill -9 in the middle of a map: of the program, of its Redis. What was recorded stays, nothing runs twice."""

import os
import signal
import unittest

from support import ProgramTest, succeeded_tasks, wait_for

ITEMS = 200
FREE_ITEMS = 120  # those from here on wait for the gate, so that a kill always comes in the middle
RETRIED = 5
RETRY_DELAY_S = 6

FLOW = f"""\
name: crash
state: {{items: {list(range(ITEMS))}}}
steps:
  - id: work
    type: map
    map_config: {{input_path: items}}
    retry_policy: {{max_attempts: 3, backoff: constant, delay: {RETRY_DELAY_S}s}}
    command: [sh, agent.sh]
  - id: after
    type: reduce
    command: [sh, -c, 'echo done >> ledger; echo "{{}}"']
"""

AGENT = f"""\
echo "start $MAP_INDEX $TASK_ATTEMPT $(date +%s.%N)" >> ledger
if [ "$MAP_INDEX" = {RETRIED} ] && [ "$TASK_ATTEMPT" = 1 ]; then
  echo "fail $MAP_INDEX $TASK_ATTEMPT $(date +%s.%N)" >> ledger
  exit 1
fi
[ "$MAP_INDEX" -lt {FREE_ITEMS} ] || until [ -e gate ]; do sleep 0.05; done
echo "end $MAP_INDEX $TASK_ATTEMPT $(date +%s.%N)" >> ledger
echo "$((MAP_INDEX * 2))"
"""


class CrashTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("crash.yaml", FLOW)
        self.write("agent.sh", AGENT)

    def ledger(self, word: str) -> list[tuple[int, int, float]]:
        """Entries of this kind: item, attempt, time."""
        entries = [line.split() for line in self.lines("ledger")]
        return [(int(e[1]), int(e[2]), float(e[3])) for e in entries if e[0] == word]

    def wait_for_the_middle(self):
        wait_for(lambda: len(self.ledger("end")) >= 80 and self.ledger("fail"), "80 items have ended, one has failed")

    def check_the_end(self):
        events = self.events()
        self.assertEqual(sorted(succeeded_tasks(events, "work")), list(range(ITEMS)),
                         "every item has exactly one accepted result")
        self.assertEqual(self.json_of("state", "latest", "work_results"), [2 * i for i in range(ITEMS)])
        self.assertEqual(self.lines("ledger").count("done"), 1)
        self.assertEqual(self.json_of("show", "-o", "json")["status"], "completed")
        failed_at = self.ledger("fail")[0][2]
        retried_at = min(time for item, attempt, time in self.ledger("start") if item == RETRIED and attempt > 1)
        self.assertGreaterEqual(retried_at - failed_at, RETRY_DELAY_S, "the wait before the retry was not shortened")
        self.assert_nothing_left()

    def test_the_program_is_killed_and_resumed(self):
        run = self.start("run", "crash.yaml", "--max-tasks", "16")
        self.wait_for_the_middle()
        run.kill()
        run.wait()
        completed = set(succeeded_tasks(self.events(), "work"))
        self.assertGreater(len(completed), 40)
        self.assertLess(len(completed), ITEMS)
        self.write("gate", "")
        resumed = self.check("resume")
        self.assertIn("taken up again", resumed.stderr)
        starts = [item for item, _, _ in self.ledger("start")]
        again = [item for item in completed if item != RETRIED and starts.count(item) != 1]
        self.assertEqual(again, [], "items whose result was recorded ran again")
        self.check_the_end()

    def test_the_program_is_killed_again_and_again(self):
        run = self.start("run", "crash.yaml", "--max-tasks", "16")
        for ends in (20, 50, 80):
            wait_for(lambda: len(self.ledger("end")) >= ends or run.poll() is not None, f"{ends} items")
            run.kill()
            run.wait()
            before = succeeded_tasks(self.events(), "work")
            self.assertEqual(len(before), len(set(before)))
            run = self.start("resume", "latest", "--max-tasks", "16")
        self.write("gate", "")
        run.communicate()
        self.assertEqual(run.returncode, 0)
        self.check_the_end()

    def test_its_redis_is_killed(self):
        run = self.start("run", "crash.yaml", "--max-tasks", "16")
        self.wait_for_the_middle()
        first = self.redis_pid()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: self.redis_pid() not in (None, first), "a new Redis")
        second = self.redis_pid()
        os.kill(second, signal.SIGKILL)
        self.write("gate", "")
        _, stderr = run.communicate()
        self.assertEqual(run.returncode, 0, stderr)
        starts = [item for item, _, _ in self.ledger("start")]
        self.assertEqual([item for item in range(ITEMS) if item != RETRIED and starts.count(item) != 1], [],
                         "an item ran again although the program that had its result was there")
        self.check_the_end()


if __name__ == "__main__":
    unittest.main()
