-- HARMLESS_WORDS of stream/harmless_words.py: whoever's name they may be, they tell nobody.
CREATE OR REPLACE FUNCTION core.harmless_words() RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '{
    abdomen, adrenal, angle, annotation, anonymised, anonymized, anonymous, anterior, apical, arrow, axilla,
    axillary, axis, basal, baseline, bazo, bidirectional, bladder, blase, bone, bounding, box, brain, breast, brush,
    brust, caliper, central, cerebral, cerebro, cerveau, cervix, chest, cible, circle, cm, colon, contour,
    crosshairs, cyst, derecha, derecho, diameter, diana, distal, droit, droite, ellipse, ellipsoid, elliptical,
    esophagus, estomac, estomago, finding, foie, followup, freehand, ganglio, ganglion, gauche, gehirn, gland, haut,
    head, hepatic, herd, higado, hilar, hilum, hirn, hueso, huso, index, inferieur, inferior, inguinal, izquierda,
    izquierdo, kidney, kidneys, knochen, knoten, laesion, lappen, largest, lasion, lateral, leber, left, length,
    lesion, lesions, line, lingula, linke, links, liver, lll, lobe, lobes, lobulo, longest, lower, lul, lung, lunge,
    lungs, lymph, lymphknoten, lymphnode, magen, mama, masa, mass, masse, measurement, measurements, medial,
    mediastinal, mediastinum, medio, met, metastase, metastases, metastasis, mets, middle, milz, mittellappen, ml,
    mm, moyen, muscle, nebenniere, neck, new, niere, node, nodes, nodule, nodules, nodulo, non, nontarget,
    oberlappen, oesophagus, osophagus, ovary, pancreas, pancreatic, patient, peau, pelvis, phantom, piel, pleura,
    pleural, polygon, polyline, posterior, poumon, primary, probe, prostate, proximal, pulmon, pulmonary, rate,
    raumforderung, rechte, rechts, rectangle, rectangular, rectum, region, rein, renal, retroperitoneal, rib, right,
    rinon, rll, rml, roi, rul, ruler, rundherd, schilddruse, segment, segmentation, segments, sein, short, side,
    skin, smallest, spine, spleen, splenic, spline, stomach, sum, superieur, superior, suprarrenal, surrenale,
    target, test, testis, threshold, thyroid, tumeur, tumor, tumors, tumour, tumours, unknown, unterlappen, upper,
    uterus, vejiga, vertebra, vessie, volume, ziel, zyste
  }'::text[]
$$;

COMMENT ON FUNCTION core.harmless_words IS 'Plain words by which lesions are called everywhere';
