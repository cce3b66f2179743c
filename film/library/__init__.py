"""A library of people in shots by number, to learn from: every number another one."""
