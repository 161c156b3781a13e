"""A package by name, so that no other one of that name, which some bring along, is taken for it."""
