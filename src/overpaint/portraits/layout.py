"""Where each part, attribute and nuisance stands in the compiled renderer's numbers."""

from overpaint.portraits.scene import ATTRIBUTES, NUISANCES

# The parts that a ray can meet; the mouth is told from the skin when it is painted.
BACKGROUND, SKIN, EYES, HAIR, BROWS, BEARD, HAT, FRAME, LENS, CLOTH = range(10)
NOSE, MUZZLE, METAL, GLOW, MOUTH = range(10, 15)

# Where each attribute and nuisance stands in a scene vector.
_names = [*ATTRIBUTES, "style", *NUISANCES]
KIND, HAIR_COLOUR, HAIR_STYLE, SKIN_TONE, EXPRESSION, EYEWEAR, FACIAL_HAIR = range(7)
HEADWEAR, CLOTHING, BACKDROP, STYLE = range(7, 11)
YAW, PITCH, ROLL = (_names.index(n) for n in ("yaw", "pitch", "roll"))
FACE_W, JAW_W, JAW_L = (_names.index(n) for n in ("face_width", "jaw_width", "jaw_length"))
CHEEKS, NOSE_L, NOSE_W = (_names.index(n) for n in ("cheeks", "nose_length", "nose_width"))
EYE_R, EYE_X = (_names.index(n) for n in ("eye_radius", "eye_distance"))
EYE_Y, BROW = (_names.index(n) for n in ("eye_height", "brow_thickness"))
MOUTH_W, EAR, SHOULDERS = (_names.index(n) for n in ("mouth_width", "ear_size", "shoulders"))
GAZE, LIGHT_A, LIGHT_H = (_names.index(n) for n in ("gaze", "light_azimuth", "light_height"))
AMBIENT, ZOOM = (_names.index(n) for n in ("ambient", "zoom"))
SHIFT_X, SHIFT_Y = (_names.index(n) for n in ("shift_x", "shift_y"))
IRIS, ACCENT, TEXTURE = (_names.index(n) for n in ("iris", "accent", "texture"))
PERSON, CAT, BEAR, ROBOT = range(4)
BALD, SHORT, LONG, CURLY, MOHAWK, BUN = range(6)
NEUTRAL, SMILING, SAD, SURPRISED, ANGRY = range(5)
