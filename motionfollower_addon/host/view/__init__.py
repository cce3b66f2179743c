"""Looking before rendering: live skeletons, footage behind the rig, the fit, single frames."""
