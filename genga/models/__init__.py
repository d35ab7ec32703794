"""Which model plays which role, how its files get here, and how its graph is run. Knows no stage.

download      Fetch published models, from their hub, a package or a folder, and hold them to what is on record.
interpolator  Pictures between two drawings by a model in ONNX, by its contract in models.yaml.
models_file   models.yaml and models.lock as they are written: which model plays which role, and what is known of its
              files.
onnx          Run ONNX graphs: on the device that was asked for, or saying so.
pin           Write the sha256 of embedded models into models.yaml, leaving every comment and line where it is.
preparation   How an image becomes what a model is given. Pure, and by values that can be compared: models whose
              preparations are equal are given one array (genga.images.image.Pictures).
registry      Which model plays which role: models.yaml read, files found, content verified.
"""
