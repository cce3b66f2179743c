"""How close a result is to the truth: by region, over time, in joints and in masks."""
