"""The compiler of catalog/access/roles.yaml refuses what is not in its closed vocabulary."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[4]
TOOL = ROOT / "tools" / "roles_table.py"
GOOD = (ROOT / "catalog" / "access" / "roles.yaml").read_text(encoding="ascii")


def compile_text(text):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "roles.yaml")
        header = pathlib.Path(folder, "table.h")
        source.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, TOOL, source, header], capture_output=True, text=True)
        return done.returncode, done.stderr, header.exists() and header.read_text()


class RolesTable(unittest.TestCase):
    def test_the_catalogue_compiles(self):
        code, stderr, header = compile_text(GOOD)
        self.assertEqual((code, stderr), (0, ""))
        self.assertIn("{identity::Role::physician, DataClass::clinical, Action::remove, "
                      "Reach::under_care}", header)
        self.assertNotIn("security_officer", header)

    def test_anything_else_is_refused(self):
        changes = [
            ("  nurse:\n", "  janitor:\n"),
            ("  security_officer: {}\n", ""),
            ("    coverage: {", "    billing: {"),
            ("remove: under_care", "delete: under_care"),
            ("remove: under_care", "remove: everything"),
            ("remove: under_care", "remove: none"),
            ("remove: under_care", "read: under_care"),
            ("version: 1", "version: 2"),
            ("version: 1", "version: 1\nversion: 1"),
            ("    Patient: {", "    patient: {"),
            ("types:", "kinds:"),
            ("  physician:\n    demographics", "  physician:\n     demographics"),
            ("  physician:\n    demographics", "  physician:\n      demographics"),
            ("  security_officer: {}", "  security_officer: &a {}"),
            ("  security_officer: {}", "\tsecurity_officer: {}"),
            ("  security_officer: {}", "  security_officer: none"),
            ("version: 1", "version: 1  # one"),
            ("version: 1", "version: \u0661"),
        ]
        for old, new in changes:
            with self.subTest(new=new):
                self.assertIn(old, GOOD)
                code, stderr, header = compile_text(GOOD.replace(old, new, 1))
                self.assertNotEqual(code, 0)
                self.assertIn("roles.yaml: ", stderr)
                self.assertFalse(header)


if __name__ == "__main__":
    unittest.main()
