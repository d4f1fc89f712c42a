"""The scene that scripts.gallery.town renders. Needs `bpy`, Blender as a package."""
