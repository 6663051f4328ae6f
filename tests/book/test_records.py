"""The API reference: a record's fields, once."""

import inspect

from records import skip_field

import hrgradlib


def skipped(owner):
    members = inspect.getmembers(owner)
    return {name for name, member in members if skip_field(None, "class", name, member, False, {})}


def test_fields_of_a_record_are_left_to_its_docstring_and_nothing_else_is():
    record = hrgradlib.TaskGradients
    assert skipped(record) == set(record._fields)
    assert skipped(hrgradlib.HRGrad) == set()
