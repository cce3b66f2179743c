"""From a clip and target joints to what the engines work from: joints, masks, alignment.

To add a stage: NAME_stage.py with a class as `base.ConditionStage` describes, leaving its figures
in quality/NAME.json, and its place in the table STAGES of stages.py.
"""
