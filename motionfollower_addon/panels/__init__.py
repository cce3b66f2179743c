"""Panels: they only draw what the host side knows."""
