"""One step: noise, prediction, loss, averages, and where a run stands."""
