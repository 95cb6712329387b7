"""Words of illness and care that make a comment health data, in ten languages, folded.

Only words that seldom mean anything else: "result" or "treatment" raise false alarms.
"""

from __future__ import annotations

from typing import Final

from scanner.model.text import words

HEALTH_WORDS: Final = words(
    # the same in several languages
    "vih hiv sida aids adn cancer tumor diabetes hepatitis leukemia psychiatric psychose"
    " methadone insulin insulina chlamydia oncology dialysis alzheimer parkinson"
    # fr
    " seropositif seropositive cancers tumeur metastase metastases chimiotherapie radiotherapie"
    " grossesse enceinte ivg fiv infertilite sterilite diabete diabetique"
    " depression depressif bipolaire schizophrenie suicidaire hepatite leucemie oncologie"
    " trisomie genetique drepanocytose mucoviscidose epilepsie asthme toxicomane alcoolisme"
    " syphilis insuline dialyse greffe sclerose psychiatrie biopsie"
    # en
    " tumour chemotherapy radiotherapy pregnancy pregnant miscarriage abortion infertility ivf"
    " diabetic depressive bipolar schizophrenia suicidal epilepsy asthma alcoholism addiction"
    " transplant genetic sclerosis psychiatry biopsy dementia carcinoma melanoma lymphoma"
    # de
    " krebs chemotherapie strahlentherapie schwanger schwangerschaft fehlgeburt abtreibung"
    " unfruchtbarkeit diabetiker depressionen schizophren leukamie leukaemie epilepsie"
    " alkoholismus drogensucht spenderniere demenz psychiatrie karzinom behindert"
    # es, pt
    " quimioterapia radioterapia embarazo embarazada aborto infertilidad infertilidade"
    " diabetico diabetica depresion depressao esquizofrenia leucemia epilepsia asma alcoholismo"
    " alcoolismo trasplante transplante genetica gravidez gravida cancro tumores demencia"
    " sifilis"
    # it
    " cancro tumore chemioterapia gravidanza incinta aborto infertilita sterilita diabetico"
    " depressione schizofrenia epatite asma alcolismo trapianto demenza carcinoma"
    # nl
    " kanker chemokuur chemotherapie zwanger zwangerschap miskraam onvruchtbaarheid"
    " suikerziekte depressie schizofrenie leukemie alcoholisme verslaving dementie"
    # pl
    " nowotwor chemioterapia ciaza ciazy poronienie nieplodnosc cukrzyca depresja"
    " schizofrenia zapalenie bialaczka padaczka astma alkoholizm przeszczep"
    # sv, da
    " cellgift cytostatika gravid graviditet missfall abort infertilitet barnloshet cellgifter"
    " cancerbehandling kraeft kemoterapi sukkersyge leukaemi leukemi epilepsi alkoholism"
    " alkoholisme demens sklerose skizofreni schizofreni"
)
