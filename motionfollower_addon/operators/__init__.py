"""Operators: each checks, calls one function of the host side, and reports."""
