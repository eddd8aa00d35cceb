"""The models that ship, `NAME/VERSION`; see `fag_tf.deployment.model_folders.shipped_model`."""
