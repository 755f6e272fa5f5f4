"""The checks of tools/ catch what they are for, in small trees made to break one rule each."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from check_sizes import cpp_functions  # noqa: E402
from source_text import without_comments_and_text  # noqa: E402


class Tree(unittest.TestCase):
    """A temporary checkout and the checks run on it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "src").mkdir()
        (self.root / "tools").mkdir()

    def write(self, name: str, text: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def write_source(self, name: str, text: str) -> None:
        self.write(name, text)
        self.write(str(Path(name).parent / "README.md"), "# A folder\n")

    def check(self, check: str, *options: str) -> list[str]:
        """The problems found; the exit code must agree with them."""
        command = [sys.executable, "-B", str(TOOLS / f"check_{check}.py"), "--root", str(self.root), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1 if done.stderr else 0, done.stderr)
        return done.stderr.splitlines()

    def assert_problem(self, problems: list[str], place: str, words: str) -> None:
        self.assertEqual(len(problems), 1, problems)
        self.assertTrue(problems[0].startswith(place + ":"), problems[0])
        self.assertIn(words, problems[0])


class Layers(Tree):
    def test_what_the_table_allows_passes(self) -> None:
        self.write_source("src/engine/engine.cc", '#include "base/ids.h"\n#include "workflow/definition.h"\n')
        self.write_source("src/server/server.cc", '#include "store/store.h"\n#include "runtime/runtime.h"\n')
        self.write_source("src/cli/main.cc", '#include "api/api.h"\n#include <iostream>\n')
        self.assertEqual(self.check("layers"), [])

    def test_an_include_outside_the_table(self) -> None:
        self.write_source("src/base/ids.cc", '\n#include "engine/engine.h"\n')
        self.assert_problem(self.check("layers"), "src/base/ids.cc:2", "base/ may not include engine/engine.h")

    def test_the_server_sees_only_the_interface_of_the_store(self) -> None:
        self.write_source("src/server/server.cc", '#include "store/redis_store.h"\n')
        self.assert_problem(self.check("layers"), "src/server/server.cc:1", "store/redis_store.h")

    def test_the_tests_of_the_server_may_use_the_store_in_memory(self) -> None:
        self.write_source("src/server/server_test.cc", '#include "store/memory_store.h"\n')
        self.assertEqual(self.check("layers"), [])

    def test_the_simulator_may_not_reach_the_network(self) -> None:
        for folder in ("net", "api", "cli"):
            with self.subTest(folder):
                self.write_source("src/sim/sim.h", f'#include "{folder}/x.h"\n')
                self.assert_problem(self.check("layers"), "src/sim/sim.h:1", f"{folder}/x.h")

    def test_headers_and_calls_a_pure_folder_may_not_use(self) -> None:
        for text in ("#include <thread>", "#include <random>", "#include <fstream>", "#include <unistd.h>",
                     "#include <sys/stat.h>", "#include <boost/asio/io_context.hpp>", '#include "base/executor.h"',
                     "auto t = std::chrono::steady_clock::now();", "auto t = system_clock :: now();",
                     'auto p = getenv("X");', "auto x = std::time(nullptr);", "thread_local int x;"):
            with self.subTest(text):
                self.write_source("src/engine/engine.cc", text + "\n")
                self.assert_problem(self.check("layers"), "src/engine/engine.cc:1", "a pure folder may not")

    def test_what_only_looks_impure_passes(self) -> None:
        self.write_source("src/engine/engine.cc", "\n".join((
            "#include <chrono>", "// steady_clock::now() is not for us", 'const char* kText = "std::thread";',
            "auto later = start_time (x);", "const auto grand = rand_index(3);", "int x = deadline.time();", "")))
        self.assertEqual(self.check("layers"), [])

    def test_tests_of_a_pure_folder_may_do_io(self) -> None:
        self.write_source("src/expr/vectors_test.cc", "#include <fstream>\n")
        self.assertEqual(self.check("layers"), [])

    def test_iterating_over_an_unordered_container(self) -> None:
        for loop in ("for (const auto& [key, value] : members_) {}", "for (auto& x : state.members_) use(x);",
                     "std::copy(members_.begin(), members_.end(), out);"):
            with self.subTest(loop):
                self.write_source("src/pool/pool.h", "std::unordered_map<std::string, std::vector<int>> members_;\n")
                self.write_source("src/pool/pool.cc", f'#include "pool/pool.h"\nvoid f() {{\n  {loop}\n}}\n')
                self.assert_problem(self.check("layers"), "src/pool/pool.cc:3", "'members_'")

    def test_looking_up_in_an_unordered_container_passes(self) -> None:
        self.write_source("src/pool/pool.cc",
                          "std::unordered_map<int, int> seen;\nstd::map<int, int> order;\n"
                          "void f() {\n  if (seen.find(1) != seen.end()) {}\n  for (auto& x : order) {}\n"
                          "  for (int i = 0; i < 3; ++i) {}\n  for (auto& x : seen) n += x;  // any order: a sum\n}\n")
        self.assertEqual(self.check("layers"), [])

    def test_a_folder_without_a_readme(self) -> None:
        self.write("src/base/ids.h", "#pragma once\n")
        self.assert_problem(self.check("layers"), "src/base:1", "no README.md")

    def test_a_folder_that_is_not_in_the_table(self) -> None:
        self.write_source("src/misc/x.h", "#pragma once\n")
        self.assert_problem(self.check("layers"), "src/misc:1", "not in the dependency table")


class Headers(Tree):
    def test_a_header_that_stands_alone_passes(self) -> None:
        self.write("src/base/a.h", "#pragma once\n#include <string>\ninline std::string name() { return {}; }\n")
        self.assertEqual(self.check("headers"), [])

    def test_a_header_without_what_it_uses(self) -> None:
        self.write("src/base/a.h", "#pragma once\ninline std::string name() { return {}; }\n")
        self.assertTrue(self.check("headers")[0].startswith("src/base/a.h:1: does not compile alone"))

    def test_a_header_without_a_guard(self) -> None:
        self.write("src/base/a.h", "inline int name() { return 1; }\n")
        self.assertTrue(self.check("headers")[0].startswith("src/base/a.h:1: does not compile alone"))


class Sizes(Tree):
    LONG = "void Foo::bar(int x) const {\n" + "  step();\n" * 80 + "}\n"

    def ratchet(self) -> str:
        return (self.root / "tools/size_ratchet.txt").read_text(encoding="utf-8")

    def test_what_is_small_passes(self) -> None:
        self.write("src/base/a.cc", "namespace a {\n" + "int f() {\n  return 1;\n}\n" * 100 + "}\n")
        self.assertEqual(self.check("sizes"), [])

    def test_a_long_file_and_a_long_function(self) -> None:
        self.write("src/base/a.cc", "int x;\n" * 501)
        self.write("src/base/b.cc", self.LONG)
        self.write("tools/c.py", "def f():\n" + "    pass\n" * 80)
        problems = "\n".join(self.check("sizes"))
        self.assertIn("src/base/a.cc:1: src/base/a.cc: 501 lines", problems)
        self.assertIn("src/base/b.cc:1: src/base/b.cc Foo::bar: 82 lines", problems)
        self.assertIn("tools/c.py:1: tools/c.py f: 81 lines", problems)

    def test_the_ratchet_lets_what_is_over_stay_and_shrink_but_not_grow(self) -> None:
        self.write("src/base/b.cc", self.LONG)
        for allowed, words in ((82, None), (81, "grew from 81 to 82 lines"), (90, "has shrunk")):
            with self.subTest(allowed):
                self.write("tools/size_ratchet.txt", f"# Why.\n{allowed} src/base/b.cc Foo::bar\n")
                problems = self.check("sizes")
                if words is None:
                    self.assertEqual(problems, [])
                else:
                    self.assertIn(words, "\n".join(problems))

    def test_update_lowers_and_removes_but_never_raises(self) -> None:
        self.write("src/base/b.cc", self.LONG)
        self.write("tools/size_ratchet.txt", "# Why.\n90 src/base/b.cc Foo::bar\n600 src/base/gone.cc\n")
        self.assertEqual(self.check("sizes", "--update"), [])
        self.assertEqual(self.ratchet(), "# Why.\n82 src/base/b.cc Foo::bar\n")
        self.write("tools/size_ratchet.txt", "75 src/base/b.cc Foo::bar\n")
        self.assertEqual(len(self.check("sizes", "--update")), 1)
        self.assertEqual(self.ratchet(), "75 src/base/b.cc Foo::bar\n")

    def test_functions_are_told_from_what_looks_like_one(self) -> None:
        code = """
#define MACRO(x) { x
namespace a::b {
struct Point { int x = 0; std::vector<int> y{1, 2}; };
enum class Kind { kOne };
template <typename T>
class Holder : public Base<T> {
 public:
  explicit Holder(T value, Options options = {}) : value_{value}, more_(1) {
    if (value) { go(); }
  }
  ~Holder() override { stop(); }
  bool operator()(int a) const { return a; }
};
const auto kTable = std::array{Row{1, "a{b"}, Row{'{', ")"}};
auto Holder::find(const Key& key) -> std::optional<int> {
  const auto each = [&](int x) { return x; };
  // a brace { in a comment
  return {};
}
}  // namespace
"""
        names = [(f.name, f.lines) for f in cpp_functions(code)]
        self.assertEqual(names, [("Holder", 3), ("~Holder", 1), ("operator()", 1), ("Holder::find", 5)])

    def test_blanking_keeps_lines_and_columns(self) -> None:
        code = 'int a = 1\'000; // x\nauto s = R"(a\n"b)"; char c = \'"\'; /* y\n */ int z;\n'
        blank = without_comments_and_text(code)
        self.assertEqual([len(line) for line in blank.split("\n")], [len(line) for line in code.split("\n")])
        self.assertEqual(blank.split(), ["int", "a", "=", "1_000;", "auto", "s", "=", ";", "char", "c", "=", ";", "int", "z;"])


class Manners(Tree):
    def test_clean_text_passes(self) -> None:
        self.write("docs/a.md", "Put it in ~/agents or /home/user/agents.\n")
        self.write("tests/fuzz/cel/seed", b"\0\xff ")
        self.assertEqual(self.check("manners"), [])

    def test_each_bad_manner(self) -> None:
        home = "/home/" + "ann/x"
        for text, words in ((f"see {home}\n", "path of one machine"), (f"in {self.root}/x\n", "path of one machine"),
                            ("a \nb\n", "white space"), ("a\r\nb\n", "white space"), ("a", "no new line"),
                            (b"a\0b\n", "binary"), (b"\xff\xfe\n", "binary"), ("<" * 7 + " HEAD\n", "merge"),
                            ("x" * 600_000 + "\n", "more than")):
            with self.subTest(words=words, text=text[:20]):
                self.write("a.txt", text)
                self.assert_problem(self.check("manners"), "a.txt:1", words)

    def test_large_seeds(self) -> None:
        self.write("tests/fuzz/cel/seed", b"x" * 20_000)
        self.assert_problem(self.check("manners"), "tests/fuzz/cel/seed:1", "more than")


@unittest.skipUnless(shutil.which("clang-tidy-14"), "clang-tidy-14 is not installed")
class Tidy(Tree):
    def tidy(self) -> tuple[int, str]:
        command = [sys.executable, "-B", str(TOOLS / "tidy.py"), "--root", str(self.root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def test_files_whose_local_names_clash_are_checked_apart_and_a_fault_is_found(self) -> None:
        shutil.copy(TOOLS.parent / ".clang-tidy", self.root)
        self.write("src/base/a.cc", "namespace {\nint helper() { return 1; }\n}\nint a() { return helper(); }\n")
        self.write("src/base/b.cc", "namespace {\nint helper() { return 2; }\n}\nint b() { return helper(); }\n")
        self.assertEqual(self.tidy(), (0, ""))
        self.write("src/base/b.cc", "namespace {\nint helper() { return 2; }\n}\nint BadName() { return helper(); }\n")
        code, said = self.tidy()
        self.assertEqual(code, 1)
        self.assertRegex(said, r"^src/base/b.cc:4:5: error: .*'BadName'")

    def test_what_does_not_compile_is_a_problem(self) -> None:
        shutil.copy(TOOLS.parent / ".clang-tidy", self.root)
        self.write("src/base/a.cc", "int a() { return missing; }\n")
        self.write("src/base/b.cc", "int b() { return 1; }\n")
        code, said = self.tidy()
        self.assertEqual(code, 1)
        self.assertIn("src/base/a.cc:1:18: error: use of undeclared identifier 'missing'", said)


class CountTests(Tree):
    def count(self, *cases: str) -> tuple[str, str]:
        """What count_tests.py prints for these <testcase> elements, and what it says on stderr."""
        self.write("junit.xml", f"<testsuite>{''.join(cases)}</testsuite>")
        command = [sys.executable, "-B", str(TOOLS / "count_tests.py"), str(self.root / "junit.xml")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip(), done.stderr

    @staticmethod
    def case(status: str, output: str = "", inside: str = "") -> str:
        return f'<testcase name="t.{status}" status="{status}">{inside}<system-out>{output}</system-out></testcase>'

    def test_counts(self) -> None:
        ran = "..\nRan 7 tests in 0.1s\n\n"
        for cases, counts, names in (
            ([self.case("run"), self.case("run")], "2 0 0", ""),
            ([self.case("run"), self.case("fail")], "1 1 0", "failed: t.fail"),
            ([self.case("notrun", inside="<skipped/>")], "0 0 1", "skipped: t.notrun"),
            ([self.case("notrun")], "0 1 0", "failed: t.notrun"),
            ([self.case("run", ran + "OK")], "7 0 0", ""),
            ([self.case("run", ran + "OK (skipped=2)")], "5 0 2", "skipped: t.run (2)"),
            ([self.case("fail", ran + "FAILED (failures=1, errors=2)")], "4 3 0", "failed: t.fail (3)"),
            ([self.case("fail", ran)], "0 1 0", "failed: t.fail"),  # killed before its summary
            ([self.case("fail", ran + "OK")], "0 1 0", "failed: t.fail"),  # ended badly after it
        ):
            with self.subTest(cases):
                printed, said = self.count(*cases)
                self.assertEqual(printed, counts)
                self.assertEqual(said.strip(), names)


if __name__ == "__main__":
    unittest.main()
