"""Words that lesions are called by everywhere: whoever's name they may be, they tell nobody."""

from stream.plain_text import folded, plain

_KINDS = """
target nontarget non lesion lesions nodule nodules node nodes lymph lymphnode tumor tumour tumors tumours mass
metastasis metastases met mets cyst primary new index finding region roi segment segmentation contour annotation
measurement measurements baseline followup largest smallest sum short axis longest diameter volume mm cm ml
"""
_TOOLS = """
length bidirectional ellipse ellipsoid elliptical rectangle rectangular circle freehand arrow angle probe line ruler
polygon polyline spline crosshairs caliper brush threshold bounding box
"""
_PLACES = """
left right upper lower middle anterior posterior lateral medial central apical basal superior inferior proximal distal
lobe lobes lul lll lingula rul rml rll segments side
lung lungs breast brain bladder liver kidney kidneys pancreas prostate colon rectum stomach esophagus oesophagus ovary
uterus thyroid adrenal gland spleen bone skin chest abdomen pelvis neck head mediastinum mediastinal hilar hilum axilla
axillary retroperitoneal inguinal pleura pleural cervix testis spine vertebra rib muscle
hepatic pulmonary renal cerebral splenic pancreatic
"""
_GERMAN = """
ziel läsion laesion knoten lymphknoten rundherd herd raumforderung zyste metastase links rechts linke rechte oberlappen
unterlappen mittellappen lappen lunge leber niere milz hirn gehirn brust blase knochen haut magen nebenniere schilddrüse
"""
_FRENCH = """
cible lésion nodule ganglion tumeur masse gauche droit droite lobe supérieur inférieur moyen poumon foie rein rate
cerveau sein vessie peau estomac surrénale
"""
_SPANISH = """
diana lesión nódulo ganglio masa izquierdo izquierda derecho derecha lóbulo superior inferior medio pulmón hígado riñón
bazo cerebro mama vejiga hueso piel estómago suprarrenal
"""
_NOBODY = "patient test phantom unknown anonymous anonymized anonymised"

_WORDS = " ".join([_KINDS, _TOOLS, _PLACES, _GERMAN, _FRENCH, _SPANISH, _NOBODY])

HARMLESS_WORDS = frozenset([*plain(_WORDS).split(), *folded(_WORDS).split()])
"""Plain words, of lesions and how they are drawn, of places (all of concepts.SITES), and of names that name nobody.

`core.harmless_words` in the database has the same.
"""
