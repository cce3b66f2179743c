"""Jobs: running one from its folder, alone or in parts, to what it leaves."""
