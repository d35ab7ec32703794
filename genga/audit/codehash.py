"""What a file of code is known by: what it does, not how it is written."""

import ast
import hashlib

_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def meaning(path: str, content: bytes) -> str:
    """Return 16 hex digits: of a Python file's syntax tree without docstrings; of any other file's bytes."""
    if not path.endswith(".py"):
        return hashlib.sha256(content).hexdigest()[:16]
    tree = ast.parse(content)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
