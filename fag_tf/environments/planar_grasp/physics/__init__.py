"""A second opinion on a grasp: MuJoCo closes the jaw, lifts the part and shakes it."""
