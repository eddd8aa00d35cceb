"""The feasibility of grasps: exact rules, a plain reference of the rules, and the grid truth."""
