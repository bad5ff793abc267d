"""The learner, its challenger, exact reasons and the immutable artefact that serves them."""
