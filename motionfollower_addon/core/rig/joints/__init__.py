"""From a rig's joints in world space to the 60 joints of a skeleton in the clip's pixels."""
