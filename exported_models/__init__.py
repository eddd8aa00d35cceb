"""The models that ship, `NAME/VERSION`; `fag_tf.model_folders.shipped_model` finds them."""
