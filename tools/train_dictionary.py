#!/usr/bin/env python3
"""Trains the zstd dictionary that resource bodies are compressed with (catalog/fhir/zstd-v1.dict).

    tools/train_dictionary.py catalog/fhir/zstd-v1.dict

The samples are made here, from templates in the shape of US Core resources as salus stores them:
public code systems, profiles and displays, and invented values. No record of anybody goes in, since
the dictionary ships with every copy of salus. A dictionary in use never changes (bodies name it by their
format byte): a better one is a new file.
"""
import base64
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import uuid

RNG = random.Random(20260101)
SAMPLES = 7000
DICTIONARY_BYTES = 96 * 1024
CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
TERM = "http://terminology.hl7.org/CodeSystem/"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
BLUEBUTTON = "https://bluebutton.cms.gov/resources/"

VITALS = [
    ("8302-2", "Body Height", "cm", "bodyheight", 150, 195),
    ("29463-7", "Body Weight", "kg", "bodyweight", 45, 120),
    ("39156-5", "Body Mass Index", "kg/m2", "bmi", 18, 38),
    ("8867-4", "Heart rate", "/min", "heartrate", 55, 105),
    ("9279-1", "Respiratory rate", "/min", "resprate", 11, 20),
    ("8310-5", "Body temperature", "Cel", "bodytemp", 36, 39),
]
LABS = [
    ("2339-0", "Glucose", "mg/dL"), ("6299-2", "Urea Nitrogen", "mg/dL"),
    ("38483-4", "Creatinine", "mg/dL"), ("49765-1", "Calcium", "mg/dL"),
    ("2947-0", "Sodium", "mmol/L"), ("6298-4", "Potassium", "mmol/L"),
    ("2069-3", "Chloride", "mmol/L"), ("20565-8", "Carbon Dioxide", "mmol/L"),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%"),
    ("2093-3", "Total Cholesterol", "mg/dL"), ("2571-8", "Triglycerides", "mg/dL"),
    ("18262-6", "Low Density Lipoprotein Cholesterol", "mg/dL"),
    ("2085-9", "High Density Lipoprotein Cholesterol", "mg/dL"),
    ("33914-3", "Estimated Glomerular Filtration Rate", "mL/min/{1.73_m2}"),
    ("14959-1", "Microalbumin Creatinine Ratio", "mg/g"),
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL"),
    ("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL"),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL"),
    ("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%"),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL"),
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL"),
    ("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL"),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L"),
    ("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L"),
]
SURVEYS = [("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported", "{score}"),
           ("70274-6", "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]", "{score}"),
           ("55758-7", "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]", "{score}")]
CONDITIONS = [
    ("38341003", "Hypertensive disorder"), ("44054006", "Diabetes mellitus type 2"),
    ("195662009", "Acute viral pharyngitis (disorder)"), ("10509002", "Acute bronchitis (disorder)"),
    ("444814009", "Viral sinusitis (disorder)"), ("162864005", "Body mass index 30+ - obesity (finding)"),
    ("15777000", "Prediabetes"), ("271737000", "Anemia (disorder)"), ("195967001", "Asthma"),
    ("55822004", "Hyperlipidemia"), ("160903007", "Full-time employment (finding)"),
    ("73595000", "Stress (finding)"), ("72892002", "Normal pregnancy"), ("40055000", "Chronic sinusitis (disorder)"),
]
PROCEDURES = [("430193006", "Medication Reconciliation (procedure)"), ("171207006", "Depression screening"),
              ("710824005", "Assessment of health and social care needs (procedure)"),
              ("76601001", "Intramuscular injection"), ("265764009", "Renal dialysis (procedure)"),
              ("395142003", "Allergy screening test"), ("274804006", "Evaluation of uterine fundal height")]
DRUGS = [("314076", "lisinopril 10 MG Oral Tablet"), ("860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"),
         ("310798", "Hydrochlorothiazide 25 MG Oral Tablet"), ("313782", "Acetaminophen 325 MG Oral Tablet"),
         ("308136", "amLODIPine 2.5 MG Oral Tablet"), ("312961", "Simvastatin 20 MG Oral Tablet"),
         ("834061", "Penicillin V Potassium 250 MG Oral Tablet"), ("310965", "Ibuprofen 200 MG Oral Tablet"),
         ("106892", "insulin human, isophane 70 UNT/ML / Regular Insulin, Human 30 UNT/ML Injectable Suspension [Humulin]")]
VACCINES = [("140", "Influenza, seasonal, injectable, preservative free"), ("113", "Td (adult) preservative free"),
            ("08", "Hep B, adolescent or pediatric"), ("10", "IPV"), ("20", "DTaP"), ("133", "Pneumococcal conjugate PCV 13"),
            ("03", "MMR"), ("21", "varicella"), ("83", "Hep A, ped/adol, 2 dose"), ("62", "HPV, quadrivalent"),
            ("114", "meningococcal MCV4P"), ("121", "zoster"), ("115", "Tdap"), ("33", "pneumococcal polysaccharide vaccine, 23 valent")]
VISITS = [("185349003", "Encounter for check up (procedure)", "AMB"), ("162673000", "General examination of patient (procedure)", "AMB"),
          ("185345009", "Encounter for symptom", "AMB"), ("50849002", "Emergency room admission (procedure)", "EMER"),
          ("424441002", "Prenatal initial visit", "AMB"), ("390906007", "Follow-up encounter", "AMB"),
          ("410620009", "Well child visit (procedure)", "AMB"), ("185347001", "Encounter for problem", "AMB")]
FAMILY = ["Almond", "Birchall", "Castellan", "Dunmore", "Elderby", "Fairholt", "Greywell", "Hartsong", "Inglefield", "Juniper"]
GIVEN = ["Aria", "Benno", "Cyril", "Delphine", "Emeric", "Fenna", "Gideon", "Hanneke", "Isolde", "Jorin"]
CITIES = ["Brookhaven", "Easton", "Fairview", "Glenwood", "Lakeside", "Milford"]
CLINICS = ["BROOKHAVEN MEDICAL CENTER", "EASTON GENERAL HOSPITAL", "FAIRVIEW COMMUNITY HEALTH CENTER", "GLENWOOD HOSPITAL INC", "LAKESIDE MEDICAL GROUP, INC.", "MILFORD PCP"]


def new_id():
    # The layout of RFC 9562 version 7, with a fixed time: ids do not repeat, but their shape does.
    tail = RNG.getrandbits(62)
    value = (0x019a5000 + RNG.randrange(4096)) << 96 | RNG.getrandbits(16) << 80 | 7 << 76
    return str(uuid.UUID(int=value | RNG.getrandbits(12) << 64 | 2 << 62 | tail))


def number(low, high, digits=1):
    return round(RNG.uniform(low, high), digits)


def when(year=None):
    year = year or RNG.randrange(1995, 2026)
    return (f"{year}-{RNG.randrange(1, 13):02}-{RNG.randrange(1, 29):02}T"
            f"{RNG.randrange(24):02}:{RNG.randrange(60):02}:{RNG.randrange(60):02}")


ZONES = ["+01:00", "+02:00", "-05:00", "-04:00", "Z"]


def moment():
    return when() + RNG.choice(ZONES)


def instant():
    return when() + f".{RNG.randrange(1000):03}" + RNG.choice(ZONES)


def coding(system, code, display=None):
    out = {"system": system, "code": code}
    if display:
        out["display"] = display
    return out


def concept(system, code, display=None, text=True):
    out = {"coding": [coding(system, code, display)]}
    if display and text:
        out["text"] = display
    return out


def reference(kind, display=None):
    out = {"reference": f"{kind}/{new_id()}"}
    if display:
        out["display"] = display
    return out


def period():
    start = moment()
    return {"start": start, "end": start[:14] + f"{RNG.randrange(60):02}" + start[16:]}


def resource(kind, *profiles):
    meta = {"versionId": "1", "lastUpdated": when(2026) + f".{RNG.randrange(1000):03}Z"}
    if profiles:
        meta["profile"] = list(profiles)
    return {"resourceType": kind, "id": new_id(), "meta": meta}


def doctor():
    return f"Dr. {RNG.choice(GIVEN)} {RNG.choice(FAMILY)}"


def quantity(value, unit):
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation_base(category, code, display, *profiles):
    out = resource("Observation", *profiles)
    out["status"] = "final"
    out["category"] = [{"coding": [coding(TERM + "observation-category", category, category)]}]
    out["code"] = concept(LOINC, code, display)
    out["subject"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    stamp = when()
    zone = RNG.choice(ZONES)
    out["effectiveDateTime"] = stamp + zone
    out["issued"] = stamp + f".{RNG.randrange(1000):03}" + zone
    return out


def vital():
    code, display, unit, profile, low, high = RNG.choice(VITALS)
    base = "http://hl7.org/fhir/StructureDefinition/"
    out = observation_base("vital-signs", code, display, base + profile, base + "vitalsigns")
    out["valueQuantity"] = quantity(number(low, high, RNG.randrange(3)), unit)
    return out


def pressure():
    base = "http://hl7.org/fhir/StructureDefinition/"
    out = observation_base("vital-signs", "85354-9", "Blood Pressure", base + "bp", base + "vitalsigns")
    out["component"] = [
        {"code": concept(LOINC, "8462-4", "Diastolic Blood Pressure"), "valueQuantity": quantity(number(60, 100, 0), "mm[Hg]")},
        {"code": concept(LOINC, "8480-6", "Systolic Blood Pressure"), "valueQuantity": quantity(number(95, 160, 0), "mm[Hg]")}]
    return out


def lab():
    code, display, unit = RNG.choice(LABS)
    out = observation_base("laboratory", code, display, CORE + "observation-lab")
    out["valueQuantity"] = quantity(number(1, 200, RNG.randrange(4)), unit)
    return out


def survey():
    code, display, unit = RNG.choice(SURVEYS)
    out = observation_base("survey", code, display)
    out["valueQuantity"] = quantity(RNG.randrange(11), unit)
    return out


def smoking():
    out = observation_base("social-history", "72166-2", "Tobacco smoking status NHIS", CORE + "smokingstatus")
    out["valueCodeableConcept"] = concept(SNOMED, "266919005", "Never smoker")
    return out


def condition():
    code, display = RNG.choice(CONDITIONS)
    out = resource("Condition", CORE + "condition")
    active = RNG.random() < 0.4
    out["clinicalStatus"] = {"coding": [coding(TERM + "condition-clinical", "active" if active else "resolved")]}
    out["verificationStatus"] = {"coding": [coding(TERM + "condition-ver-status", "confirmed")]}
    out["category"] = [{"coding": [coding(TERM + "condition-category", "encounter-diagnosis", "Encounter Diagnosis")]}]
    out["code"] = concept(SNOMED, code, display)
    out["subject"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    out["onsetDateTime"] = moment()
    if not active:
        out["abatementDateTime"] = moment()
    out["recordedDate"] = out["onsetDateTime"]
    return out


def encounter():
    code, display, kind = RNG.choice(VISITS)
    out = resource("Encounter", CORE + "encounter")
    out["identifier"] = [{"use": "official", "system": "https://example.org/encounters", "value": new_id()}]
    out["status"] = "finished"
    out["class"] = coding(TERM + "v3-ActCode", kind)
    out["type"] = [concept(SNOMED, code, display)]
    name = f"{RNG.choice(['Mr.', 'Mrs.', 'Ms.'])} {RNG.choice(GIVEN)} {RNG.choice(FAMILY)}"
    out["subject"] = reference("Patient", name)
    span = period()
    out["participant"] = [{"type": [concept(TERM + "v3-ParticipationType", "PPRF", "primary performer")],
                           "period": span, "individual": reference("Practitioner", doctor())}]
    out["period"] = span
    if RNG.random() < 0.4:
        reason, text = RNG.choice(CONDITIONS)
        out["reasonCode"] = [{"coding": [coding(SNOMED, reason, text)]}]
    clinic = RNG.choice(CLINICS)
    out["location"] = [{"location": reference("Location", clinic)}]
    out["serviceProvider"] = reference("Organization", clinic)
    return out


def claim():
    out = resource("Claim")
    out["status"] = "active"
    out["type"] = {"coding": [coding(TERM + "claim-type", RNG.choice(["institutional", "professional", "pharmacy"]))]}
    out["use"] = "claim"
    out["patient"] = reference("Patient", f"{RNG.choice(GIVEN)} {RNG.choice(FAMILY)}")
    out["billablePeriod"] = period()
    out["created"] = moment()
    clinic = RNG.choice(CLINICS)
    out["provider"] = reference("Organization", clinic)
    out["priority"] = {"coding": [coding(TERM + "processpriority", "normal")]}
    if RNG.random() < 0.5:
        out["prescription"] = reference("MedicationRequest")
    else:
        out["facility"] = reference("Location", clinic)
        out["diagnosis"] = [{"sequence": 1, "diagnosisReference": reference("Condition")}]
        out["procedure"] = [{"sequence": 1, "procedureReference": reference("Procedure")}]
    out["insurance"] = [{"sequence": 1, "focal": True, "coverage": {"display": RNG.choice(["Medicare", "Medicaid", "Humana", "Aetna", "Cigna Health", "Blue Cross Blue Shield", "UnitedHealthcare", "NO_INSURANCE"])}}]
    code, display, _ = RNG.choice(VISITS)
    out["item"] = [{"sequence": 1, "productOrService": concept(SNOMED, code, display), "encounter": [reference("Encounter")]},
                   {"sequence": 2, "diagnosisSequence": [1], "productOrService": concept(SNOMED, *RNG.choice(CONDITIONS))}]
    out["total"] = {"value": number(50, 20000, 2), "currency": "USD"}
    return out


def amount(value=None):
    return {"value": number(1, 5000, 2) if value is None else value, "currency": "USD"}


def adjudication(code, display, value=None):
    return {"category": {"coding": [coding(BLUEBUTTON + "codesystem/adjudication", BLUEBUTTON + "variables/" + code, display)]}, "amount": amount(value)}


def explanation():
    out = resource("ExplanationOfBenefit")
    patient, practitioner = reference("Patient"), reference("Practitioner")
    payer = RNG.choice(["Medicare", "Medicaid", "Humana", "Aetna", "Cigna Health", "NO_INSURANCE"])
    out["contained"] = [
        {"resourceType": "ServiceRequest", "id": "referral", "status": "completed", "intent": "order", "subject": patient, "requester": practitioner, "performer": [practitioner]},
        {"resourceType": "Coverage", "id": "coverage", "status": "active", "type": {"text": payer}, "beneficiary": patient, "payor": [{"display": payer}]}]
    out["identifier"] = [{"system": BLUEBUTTON + "variables/clm_id", "value": new_id()},
                         {"system": BLUEBUTTON + "identifier/claim-group", "value": "99999999999"}]
    out["status"] = "active"
    out["type"] = {"coding": [coding(TERM + "claim-type", "professional")]}
    out["use"] = "claim"
    out["patient"] = patient
    out["billablePeriod"] = period()
    out["created"] = moment()
    out["insurer"] = {"display": payer}
    out["provider"] = practitioner
    out["referral"] = {"reference": "#referral"}
    out["facility"] = reference("Location", RNG.choice(CLINICS))
    out["claim"] = reference("Claim")
    out["outcome"] = "complete"
    out["careTeam"] = [{"sequence": 1, "provider": practitioner, "role": {"coding": [coding(TERM + "claimcareteamrole", "primary", "Primary Care Practitioner")]}}]
    out["diagnosis"] = [{"sequence": 1, "diagnosisReference": reference("Condition"), "type": [{"coding": [coding(TERM + "ex-diagnosistype", "principal")]}]}]
    out["insurance"] = [{"focal": True, "coverage": {"reference": "#coverage", "display": payer}}]
    code, display, _ = RNG.choice(VISITS)
    out["item"] = [{"sequence": 1, "category": {"coding": [coding(BLUEBUTTON + "variables/line_cms_type_srvc_cd", "1", "Medical care")]},
                    "productOrService": concept(SNOMED, code, display), "servicedPeriod": out["billablePeriod"],
                    "locationCodeableConcept": {"coding": [coding(TERM + "ex-serviceplace", "19", "Off Campus-Outpatient Hospital")]},
                    "encounter": [reference("Encounter")]}]
    if RNG.random() < 0.5:
        out["item"].append({"sequence": 2, "diagnosisSequence": [1], "category": out["item"][0]["category"], "productOrService": concept(SNOMED, *RNG.choice(CONDITIONS)),
                            "servicedPeriod": out["billablePeriod"], "locationCodeableConcept": out["item"][0]["locationCodeableConcept"], "net": amount(),
                            "adjudication": [adjudication("line_coinsrnc_amt", "Line Beneficiary Coinsurance Amount"), adjudication("line_prvdr_pmt_amt", "Line Provider Payment Amount"),
                                             adjudication("line_sbmtd_chrg_amt", "Line Submitted Charge Amount"), adjudication("line_alowd_chrg_amt", "Line Allowed Charge Amount"),
                                             adjudication("line_bene_ptb_ddctbl_amt", "Line Beneficiary Part B Deductible Amount"),
                                             {"category": {"coding": [coding(BLUEBUTTON + "codesystem/adjudication", BLUEBUTTON + "variables/line_prcsg_ind_cd", "Line Processing Indicator Code")]}}]})
    out["total"] = [{"category": {"coding": [coding(TERM + "adjudication", "submitted", "Submitted Amount")], "text": "Submitted Amount"}, "amount": amount()}]
    out["payment"] = {"amount": amount(0.0)}
    return out


def request():
    out = resource("MedicationRequest", CORE + "medicationrequest")
    out["status"] = RNG.choice(["active", "stopped"])
    out["intent"] = "order"
    out["medicationCodeableConcept"] = concept(RXNORM, *RNG.choice(DRUGS))
    out["subject"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    out["authoredOn"] = moment()
    out["requester"] = reference("Practitioner", doctor())
    if RNG.random() < 0.6:
        out["reasonReference"] = [reference("Condition", RNG.choice(CONDITIONS)[1])]
        out["dosageInstruction"] = [{"sequence": 1, "text": "Take as needed.", "timing": {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "d"}}, "asNeededBoolean": False,
                                     "doseAndRate": [{"type": {"coding": [coding(TERM + "dose-rate-type", "ordered", "Ordered")]}, "doseQuantity": {"value": 1.0}}]}]
    return out


def immunization():
    out = resource("Immunization", CORE + "immunization")
    out["status"] = "completed"
    out["vaccineCode"] = concept("http://hl7.org/fhir/sid/cvx", *RNG.choice(VACCINES))
    out["patient"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    out["occurrenceDateTime"] = moment()
    out["primarySource"] = True
    out["location"] = reference("Location", RNG.choice(CLINICS))
    return out


def procedure():
    out = resource("Procedure", CORE + "procedure")
    out["status"] = "completed"
    out["code"] = concept(SNOMED, *RNG.choice(PROCEDURES))
    out["subject"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    out["performedPeriod"] = period()
    out["location"] = reference("Location", RNG.choice(CLINICS))
    if RNG.random() < 0.4:
        out["reasonReference"] = [reference("Condition", RNG.choice(CONDITIONS)[1])]
    return out


def note_text():
    """A visit note, encoded as attachments are: its three alignments of base64 differ."""
    active = RNG.sample(CONDITIONS, 3)
    drugs = RNG.sample(DRUGS, RNG.randrange(4))
    person = f"{RNG.choice(GIVEN)} is a {RNG.randrange(2, 90)} year-old {RNG.choice(['non-hispanic', 'hispanic'])} {RNG.choice(['white', 'black', 'asian'])} {RNG.choice(['male', 'female'])}."
    lines = ["", when()[:10], "", "# Chief Complaint", RNG.choice(["No complaints.", "- Cough", "- Fatigue\n- Headache", "- Hunger\n- Thirst"]),
             "", "# History of Present Illness", person + " Patient has a history of " + ", ".join(text.lower() for _, text in active) + ".",
             "", "# Social History", RNG.choice([" Patient has never smoked.", " Patient is a former smoker.", " Patient is married. Patient has never smoked.", " Patient is single."]),
             RNG.choice(["Patient comes from a middle socioeconomic background.", "Patient comes from a low socioeconomic background."]),
             " Patient has completed some college courses.", f"Patient currently has {RNG.choice(['Medicare', 'Medicaid', 'Humana', 'Aetna', 'Cigna Health', 'UnitedHealthcare', 'Blue Cross Blue Shield'])}.",
             "", "# Allergies", "No Known Allergies.", "", "# Medications", "; ".join(text.lower() for _, text in drugs) or "No Active Medications.",
             "", "# Assessment and Plan", RNG.choice(["", f"Patient is presenting with {active[0][1].lower()}. "]), "", "## Plan"]
    lines += RNG.sample(["The following procedures were conducted:\n- " + RNG.choice(PROCEDURES)[1].lower(), "The patient was prescribed the following medications:\n- " + RNG.choice(DRUGS)[1].lower(),
                         "Patient was given the following immunizations: " + RNG.choice(VACCINES)[1].lower() + ".", "The patient was placed on a careplan:\n- " + RNG.choice(PROCEDURES)[1].lower()], RNG.randrange(3))
    return base64.b64encode(("\n".join(lines) + "\n").encode()).decode()


NOTE = [coding(LOINC, "34117-2", "History and physical note"), coding(LOINC, "51847-2", "Evaluation+Plan note")]


def report():
    note = RNG.random() < 0.6
    out = resource("DiagnosticReport", CORE + ("diagnosticreport-note" if note else "diagnosticreport-lab"))
    out["status"] = "final"
    if note:
        out["category"] = [{"coding": NOTE}]
        out["code"] = {"coding": NOTE}
    else:
        out["category"] = [{"coding": [coding(TERM + "v2-0074", "LAB", "Laboratory")]}]
        out["code"] = concept(LOINC, *RNG.choice([("51990-0", "Basic Metabolic Panel"), ("57698-3", "Lipid Panel"), ("58410-2", "Complete blood count (hemogram) panel - Blood by Automated count")]))
    out["subject"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    out["effectiveDateTime"] = moment()
    out["issued"] = instant()
    out["performer"] = [reference("Practitioner", doctor()) if note else reference("Organization", RNG.choice(CLINICS))]
    if note:
        out["presentedForm"] = [{"contentType": "text/plain; charset=utf-8", "data": note_text()}]
    else:
        out["result"] = [reference("Observation", row[1]) for row in RNG.sample(LABS, 8)]
    return out


def document():
    out = resource("DocumentReference", CORE + "documentreference")
    out["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:" + new_id()}]
    out["status"] = RNG.choice(["superseded", "current"])
    out["type"] = {"coding": NOTE}
    out["category"] = [{"coding": [coding("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note")]}]
    out["subject"] = reference("Patient")
    out["date"] = instant()
    out["author"] = [reference("Practitioner", doctor())]
    out["custodian"] = reference("Organization", RNG.choice(CLINICS))
    out["content"] = [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": note_text()},
                       "format": coding("http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem", "urn:ihe:iti:xds:2017:mimeTypeSufficient", "mimeType Sufficient")}]
    out["context"] = {"encounter": [reference("Encounter")], "period": period()}
    return out


def care_team():
    out = resource("CareTeam", CORE + "careteam")
    out["status"] = "active"
    out["subject"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    out["period"] = {"start": moment()}
    professional = {"role": [concept(SNOMED, "223366009", "Healthcare professional (occupation)")], "member": reference("Practitioner", doctor())}
    out["participant"] = [{"role": [concept(SNOMED, "116154003", "Patient")], "member": reference("Patient", f"{RNG.choice(GIVEN)} {RNG.choice(FAMILY)}")},
                          professional, {"role": [concept(SNOMED, "224891009", "Healthcare services (qualifier value)")], "member": reference("Organization", RNG.choice(CLINICS))}]
    out["reasonCode"] = [concept(SNOMED, *RNG.choice(CONDITIONS))]
    out["managingOrganization"] = [reference("Organization", RNG.choice(CLINICS))]
    return out


def care_plan():
    out = resource("CarePlan", CORE + "careplan")
    out["text"] = {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Care Plan for Diabetes self management plan.<br/>Activities: <ul><li>Exercise therapy</li></ul></div>"}
    out["status"] = "active"
    out["intent"] = "order"
    out["category"] = [{"coding": [coding("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan")]}, concept(SNOMED, "698360004", "Diabetes self management plan")]
    out["subject"] = reference("Patient")
    out["encounter"] = reference("Encounter")
    out["period"] = {"start": moment()}
    out["careTeam"] = [reference("CareTeam")]
    out["addresses"] = [reference("Condition")]
    out["activity"] = [{"detail": {"code": concept(SNOMED, code, text), "status": "in-progress", "location": {"display": RNG.choice(CLINICS)}}}
                       for code, text in [("160670007", "Diabetic diet"), ("229065009", "Exercise therapy")]]
    return out


def provenance():
    out = resource("Provenance", CORE + "provenance")
    out["target"] = [reference(kind) for kind in ["Patient", "Encounter", "Condition", "Claim", "Observation"]]
    out["recorded"] = instant()
    agent = {"who": reference("Practitioner", doctor()), "onBehalfOf": reference("Organization", RNG.choice(CLINICS))}
    out["agent"] = [{"type": concept(TERM + "provenance-participant-type", "author", "Author"), **agent},
                    {"type": concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type", "transmitter", "Transmitter"), **agent}]
    return out


def address():
    return {"line": [f"{RNG.randrange(1, 999)} Example Street"], "city": RNG.choice(CITIES), "state": "MA", "postalCode": f"0{RNG.randrange(1000, 2800)}", "country": "US"}


def patient():
    out = resource("Patient", CORE + "patient")
    race = RNG.choice([("2106-3", "White"), ("2054-5", "Black or African American"), ("2028-9", "Asian")])
    sex = RNG.choice(["male", "female"])
    cdc = "urn:oid:2.16.840.1.113883.6.238"
    out["extension"] = [
        {"url": CORE + "race", "extension": [{"url": "ombCategory", "valueCoding": coding(cdc, *race)}, {"url": "text", "valueString": race[1]}]},
        {"url": CORE + "ethnicity", "extension": [{"url": "ombCategory", "valueCoding": coding(cdc, "2186-5", "Not Hispanic or Latino")}, {"url": "text", "valueString": "Not Hispanic or Latino"}]},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": f"{RNG.choice(GIVEN)} {RNG.choice(FAMILY)}"},
        {"url": CORE + "birthsex", "valueCode": sex[0].upper()},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": RNG.choice(CITIES), "state": "Massachusetts", "country": "US"}}]
    out["identifier"] = [{"type": concept(TERM + "v2-0203", code, text), "system": system, "value": new_id()} for code, text, system in [
        ("MR", "Medical Record Number", "http://hospital.example.org"), ("SS", "Social Security Number", "http://hl7.org/fhir/sid/us-ssn"), ("DL", "Driver's License", "urn:oid:2.16.840.1.113883.4.3.25")]]
    out["name"] = [{"use": "official", "family": RNG.choice(FAMILY), "given": [RNG.choice(GIVEN)], "prefix": ["Mr." if sex == "male" else "Ms."]}]
    out["telecom"] = [{"system": "phone", "value": f"555-{RNG.randrange(100, 999)}-{RNG.randrange(1000, 9999)}", "use": "home"}]
    out["gender"] = sex
    out["birthDate"] = when(RNG.randrange(1930, 2020))[:10]
    geo = "http://hl7.org/fhir/StructureDefinition/geolocation"
    out["address"] = [{"extension": [{"url": geo, "extension": [{"url": "latitude", "valueDecimal": number(41, 43, 6)}, {"url": "longitude", "valueDecimal": number(-72, -70, 6)}]}], **address()}]
    out["maritalStatus"] = concept(TERM + "v3-MaritalStatus", "M", text=False) | {"text": "M"}
    out["multipleBirthBoolean"] = False
    out["communication"] = [{"language": concept("urn:ietf:bcp:47", "en-US", "English")}]
    return out


def organization():
    out = resource("Organization", CORE + "organization")
    out["identifier"] = [{"system": "https://example.org/organizations", "value": new_id()}]
    out["active"] = True
    out["type"] = [concept(TERM + "organization-type", "prov", "Healthcare Provider")]
    out["name"] = RNG.choice(CLINICS)
    out["telecom"] = [{"system": "phone", "value": f"555{RNG.randrange(1000000, 9999999)}"}]
    out["address"] = [address()]
    return out


def practitioner():
    out = resource("Practitioner", CORE + "practitioner")
    out["identifier"] = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": f"99999{RNG.randrange(10000, 99999)}"}]
    out["active"] = True
    out["name"] = [{"family": RNG.choice(FAMILY), "given": [RNG.choice(GIVEN)], "prefix": ["Dr."]}]
    out["telecom"] = [{"extension": [{"url": CORE + "direct", "valueBoolean": True}], "system": "email", "value": f"{RNG.choice(GIVEN)}.{RNG.choice(FAMILY)}@example.com", "use": "work"}]
    out["address"] = [address()]
    out["gender"] = RNG.choice(["male", "female"])
    return out


def allergy():
    out = resource("AllergyIntolerance", CORE + "allergyintolerance")
    out["clinicalStatus"] = {"coding": [coding(TERM + "allergyintolerance-clinical", "active")]}
    out["verificationStatus"] = {"coding": [coding(TERM + "allergyintolerance-verification", "confirmed")]}
    out["type"] = "allergy"
    out["category"] = ["food"]
    out["criticality"] = "low"
    out["code"] = concept(SNOMED, "91935009", "Allergy to peanuts")
    out["patient"] = reference("Patient")
    out["recordedDate"] = moment()
    return out


def supply():
    out = resource("SupplyDelivery")
    out["status"] = "completed"
    out["patient"] = reference("Patient")
    out["type"] = {"coding": [coding(TERM + "supply-item-type", "device", "Device")]}
    out["suppliedItem"] = {"quantity": {"value": RNG.randrange(1, 60)}, "itemCodeableConcept": concept(SNOMED, "409534002", "Disposable air-purifying respirator (physical object)")}
    out["occurrenceDateTime"] = moment()
    return out


def administration():
    out = resource("MedicationAdministration")
    out["status"] = "completed"
    out["medicationCodeableConcept"] = concept(RXNORM, *RNG.choice(DRUGS))
    out["subject"] = reference("Patient")
    out["context"] = reference("Encounter")
    out["effectiveDateTime"] = moment()
    return out


WEIGHTED = [(vital, 14), (pressure, 5), (lab, 18), (survey, 4), (smoking, 2), (condition, 6), (encounter, 7), (claim, 9), (explanation, 7),
            (request, 7), (immunization, 5), (procedure, 6), (report, 8), (document, 6), (care_team, 3), (care_plan, 3), (provenance, 1),
            (patient, 3), (organization, 2), (practitioner, 2), (allergy, 1), (supply, 3), (administration, 2)]


def main():
    out = pathlib.Path(sys.argv[1])
    makers = [maker for maker, weight in WEIGHTED for _ in range(weight)]
    with tempfile.TemporaryDirectory() as folder:
        for n in range(SAMPLES):
            text = json.dumps(RNG.choice(makers)(), separators=(",", ":"), ensure_ascii=False)
            (pathlib.Path(folder) / f"{n:05}.json").write_text(text)
        subprocess.run(["zstd", "-q", "--train", "-r", folder, "--maxdict", str(DICTIONARY_BYTES), "-o", str(out), "-f"], check=True)


if __name__ == "__main__":
    main()
