"""Header words in thirteen languages (fr, en, de, es, it, nl, pt, pl, sv, da, no, ro, fi), and what
they name.

Words are folded: no case, no accents, no separators. A word stands once; what one language calls a
surname and another a first name goes under the concept that values make sharper (``name``).
"""

from __future__ import annotations

from typing import Final

from scanner.model.text import words

WORDS: Final = {
    "national-id": (
        "nir insee numsecu numerosecu numss nss secu securitesociale numsecusociale"
        " numerosecuritesociale socialsecuritynumber ssn nationalid matriculeassure"
        " immatriculation nia socialsecurity nationalidnumber nationalinsurance"
        " nationalinsurancenumber nino nhs nhsnumber nhsno personalnumber"
        " sozialversicherungsnummer svnr svnummer rentenversicherungsnummer versichertennummer"
        " krankenversichertennummer kvnr steuerid steueridentifikationsnummer ahv ahvnummer"
        " ahvnr dni nie nif numerodni documentoidentidad numeroseguridadsocial codicefiscale"
        " codfiscale cf bsn burgerservicenummer sofinummer rijksregisternummer"
        " numeroregistrenational niss insz contribuinte numerocontribuinte nutente numeroutente"
        " pesel nrpesel numerpesel personnummer personnr persnr samordningsnummer cpr cprnr"
        " cprnummer fodselsnummer fodselsnr fnr hetu henkilotunnus cnp passport passportnumber"
        " passeport numpasseport reisepass pasaporte passaporto paspoort passaporte"
        " sofinr numfiscal nofiscal numerofiscal nfiscal nifnumero codnumericpersonal"
        " codulnumericpersonal sotu"
    ),
    "surname": (
        "nom surname sn lastname familyname nomfamille nomusuel nomusage nomnaissance"
        " nompatronymique birthname maidenname nompatient last maiden nomjeunefille nachname"
        " familienname zuname geburtsname apellido apellidos primerapellido segundoapellido"
        " cognome achternaam familienaam geslachtsnaam apelido sobrenome nazwisko nazwiskorodowe"
        " efternamn efternavn sukunimi etternavn"
        " nomnaiss nombenef nompat nomassure lbnom lname lastnm patname patientenname ape1 ape2"
        " apepac apepaciente apellido1 apellido2 cogn cognpaz cognomepaziente cognomeassistito"
        " eigennaam anaam patnaam nazw enamn enavn slaegtsnavn slektsnavn slaktnamn apelidos"
        " ultnome ultimonome sobrenomes numefamilie numedefamilie numelefamilie snimi sukunim"
    ),
    "first-name": (
        "prenom prenoms firstname givenname forename prenomusuel prenompatient first given"
        " givennames forenames middlename vorname vornamen rufname nombre nombres nombrepila"
        " voornaam voornamen roepnaam primeironome nomeproprio imie imiona fornamn tilltalsnamn"
        " fornavn etunimi"
        " pren prenombenef prenompat prenomassure fname firstnm knownas vorn patvorname nompac"
        " nombrepaciente nomepaz nomepaziente nomeass nomeassistito vnaam fnamn fornavne fornavner"
        " fornavnar fnavn 1nome primeiro nomes prenume prenumele prenumepac prenumepacient etunimet"
        " kutsumanimi enimi"
    ),
    "full-name": (
        "nomprenom nometprenom nomcomplet fullname prenomnom identite patientname nameofpatient"
        " customername employeename personname nombrecompleto nombreapellidos nombreyapellidos"
        " nomecognome cognomenome nominativo nomecompleto naamvolledig volledigenaam"
        " vollstaendigername vollstandigername imienazwisko imieinazwisko nazwiskoimie fulltnamn"
        " fuldenavn fuldtnavn displayname fn"
    ),
    "name": "name names nm naam nome nombreusuario namn navn nimi nazwa nume numele numepac cn",
    "birth-date": (
        "datenaissance naissance ddn dnaiss datenaiss birthdate dateofbirth dob birthday birth"
        " datebirth neele nele datedenaissance geburtsdatum geburtstag gebdatum gebdat geboren"
        " fechanacimiento fechadenacimiento fnacimiento nacimiento datanascita datadinascita"
        " nascita natoil geboortedatum geboorte gebdatumpatient datanascimento datadenascimento"
        " nascimento dataurodzenia urodzony fodelsedatum fodelsedag fodd fodselsdato fodselsdag"
        " fodt birthtime bday annaissance birthyear yearofbirth"
        " dtnais dtnaiss datnais datnaiss birthdt bdate birthdat gebam geborenam gebdtm fnac fecnac"
        " fechanac fechanto fechanacto fechanaci fnacim dtnasc datanasc datanas dnasc datadinasc"
        " natoila dataur urodz fodelsedat fodelsed foddato fdato fodselsdat fodtdato datanasterii"
        " datanastere datanaster dtnastere dtnasterii nascutla syntymaaika syntaika syntynyt"
        " syntpvm syntymapaiva syntymapvm"
    ),
    "birth-place": (
        "lieunaissance villenaissance birthplace placeofbirth communenaissance geburtsort"
        " lugarnacimiento luogonascita luogodinascita geboorteplaats localnascimento"
        " miejsceurodzenia fodelseort fodested"
    ),
    "death-date": (
        "datedeces deces deathdate dateofdeath sterbedatum todesdatum fechadefuncion"
        " fechafallecimiento datamorte datadecesso overlijdensdatum dataobito datazgonu"
        " dodsdatum dodsdato"
    ),
    "sex": (
        "sexe sex gender genre civilite geschlecht anrede sexo genero sesso geslacht plec kon"
        " koen title titel salutation"
        " sexul sukupuoli kjonn"
    ),
    "phone": (
        "telephone tel mobile portable phone phonenumber numtel numerotelephone telmobile"
        " telportable telfixe gsm cellphone cell mobilephone homephone workphone telephonenumber"
        " telefon telefonnummer telefonnr handy handynummer mobil mobilnummer rufnummer telefono"
        " movil celular numerotelefono cellulare numerotelefonico telefoon telefoonnummer mobiel"
        " telefone telemovel numertelefonu nrtelefonu komorka telefonkomorkowy mobiltelefon"
        " mobilnr tlf tlfnr telefonmobil"
        " teldom teldomicile telpers telprive telport telno telnr telefonno mob mobileno contactno"
        " telefonpriv telefonprivat telf telfmovil telcontacto tfno tfnomovil recapito"
        " recapitotelefonico telnummer 06nummer telmob telkom telkomorkowy nrtel numertel tfn"
        " telefonnumer mobiltlf mobtlf telef tlm tlmovel nrtelefon numartelefon puhelin puh"
        " puhelinnro puhelinnumero puhnro matkapuhelin gsmnumero"
    ),
    "email": (
        "email mail courriel adressemail adresseemail adressemel emailaddress mel emailadresse"
        " mailadresse epost epostadresse epostadress correo correoelectronico direccioncorreo"
        " postaelettronica indirizzoemail mailadres emailadres endereco enderecoemail adresemail"
        " mailadress"
        " courrielpers epostadr adresaemail sahkoposti sahkopostiosoite correoe"
    ),
    "address": (
        "adresse address rue street adressepostale adresseligne streetaddress voie"
        " postaladdress homeaddress addressline strasse anschrift wohnort hausnummer direccion"
        " calle domicilio indirizzo via residenza adres straat straatnaam woonadres morada rua"
        " enderecopostal ulica adreszamieszkania zamieszkania adress gata gatuadress vej vejnavn"
        " gade bopael"
        " adresa strada osoite katuosoite lahiosoite"
    ),
    "postcode": (
        "codepostal cp postcode zip zipcode postalcode plz postleitzahl codigopostal cap"
        " postnummer postnr kodpocztowy"
        " codpostal postinumero"
    ),
    "city": (
        "ville city commune town ort stadt wohnstadt ciudad municipio localidad citta comune"
        " plaats woonplaats cidade localidade miasto miejscowosc stad kommun kommune"
        " oras localitate judet kaupunki postitoimipaikka poststed"
    ),
    "patient-id": (
        "patientid idpatient ipp numpatient numeropatient patientno numdossier dossierpatient"
        " mrn medicalrecordnumber patientnumber patientidentifier patientuuid patientguid"
        " patientkey patientref patientcode codepatient refpatient noipp numipp codipp"
        " patientennummer patientennr patientnr fallnummer patientnummer idpaciente"
        " numeropaciente historiaclinica nhc numerohistoria idpaziente codicepaziente"
        " patientnummer patientenid processoclinico numeroprocesso idpacjenta"
        " numerpacjenta nrpacjenta nrkartoteki journalnummer journalnr"
        " potilasnumero pacientid idpacient"
    ),
    "subject-id": "pid ins subject subjectid personid participant participantid utente probandid",
    "practitioner-id": (
        "rpps numrpps numerorpps idrpps adeli numadeli numeroadeli am numam npi lanr arztnummer"
        " numerocolegiado bignummer"
    ),
    "business-id": (
        "siren siret numsiren numsiret finess numfiness vat vatnumber tva numtva companynumber"
        " handelsregisternummer cif partitaiva piva kvk kvknummer btw nip regon orgnummer"
        " organisationsnummer orgnr cvr cvrnr"
    ),
    "iban": (
        "iban bankaccount rib bankverbindung kontonummer compteiban cuentabancaria codiceiban"
        " numerorachunku kontonr"
    ),
    "card": (
        "cardnumber creditcard creditcardnumber ccnumber pan cartebancaire numcarte numerocarte"
        " cb kartennummer kreditkarte tarjeta numerotarjeta cartadicredito creditcardnummer"
        " cartaocredito numerkarty kortnummer"
    ),
    "login": (
        "login identifiant username userid utilisateur user compte logon identifiantconnexion"
        " benutzer benutzername anmeldename usuario nomeutente utente1 gebruiker gebruikersnaam"
        " nomeusuario nazwauzytkownika uzytkownik anvandare anvandarnamn bruger brugernavn uid"
        " utilizator kayttajatunnus kayttajanimi brukernavn bruker"
    ),
    "password": (
        "password userpassword mdp motpasse passwd pwd pass motdepasse passphrase passwort kennwort"
        " contrasena clave parolachiave wachtwoord senha palavrapasse haslo losenord adgangskode"
        " kodeord"
        " parola salasana passord passordet"
    ),
    "password-hash": (
        "passwordhash pwdhash hashmdp mdphash hashedpassword passhash encryptedpassword"
    ),
    "comment": (
        "commentaire commentaires comment comments remarque remarques note notes observation"
        " observations textelibre freetext remark remarks commentairelibre zonelibre memo"
        " kommentar bemerkung bemerkungen anmerkung anmerkungen freitext notiz notizen"
        " comentario comentarios observaciones observacion nota notas commento commenti"
        " osservazioni annotazioni opmerking opmerkingen aantekening aantekeningen toelichting"
        " observacoes comentarioslivres uwagi uwaga komentarz notatka notatki kommentarer"
        " anteckning anteckningar anmarkning bemaerkning bemaerkninger bemarkning bemarkninger"
        " observatii mentiuni huomautus huomautukset lisatiedot merknad merknader"
    ),
    "doctor": (
        "medecin prescripteur doctor physician medecintraitant praticien prescriber nommedecin"
        " doctorname arzt hausarzt behandelnderarzt medico medicoprescritor arts huisarts"
        " behandelaar lekarz lakare laege"
    ),
    "insurer": (
        "mutuelle caisse assureur insurer insurance organisme krankenkasse versicherung"
        " aseguradora assicurazione verzekeraar seguradora ubezpieczyciel"
    ),
    "diagnosis": (
        "diagnostic diagnostics diagnosis diagnoses pathologie pathology cim cim10 icd icd10"
        " icd9 maladie ald diagnose diagnosen hauptdiagnose erkrankung krankheit"
        " diagnostico diagnosticos enfermedad diagnosi patologia malattia ziekte aandoening"
        " doenca diagnoza rozpoznanie choroba diagnos sjukdom sygdom diagnosecode diagnosiscode"
        " disease snomed codecim"
        " diagnostice diagnoosi diagnosekode afectiune"
    ),
    "treatment": (
        "traitement traitements treatment medicament medicaments medication drug prescription"
        " posologie behandlung medikament medikamente medikation tratamiento medicamento"
        " medicacion trattamento farmaco farmaci terapia behandeling medicatie medicijn"
        " tratamento medicacao leczenie lek leki behandling lakemedel medicin atc medications"
    ),
    "result": (
        "resultat resultats resultatanalyse labresult testresult resultado resultados laborwert"
        " befund referto risultato uitslag uitslagen wynik wyniki provsvar provesvar"
    ),
    "exam-code": (
        "examcode codeexamen codeanalyse exam examen analyse analysis codeacte acte ccam nabm"
        " loinc untersuchung esame onderzoek exame badanie undersokning undersogelse"
    ),
    "exam-date": "examdate dateexamen dateanalyse dateprelevement datesoin dateacte",
    "code": "code codes codice codigo kod kode",
    "blood-group": (
        "groupesanguin bloodgroup bloodtype rhesus blutgruppe gruposanguineo grupposanguigno"
        " bloedgroep grupasanguinea gruposanguinea grupakrwi blodgrupp blodtype"
    ),
    "allergy": (
        "allergie allergies allergy antecedents antecedent allergien alergia alergias"
        " antecedentes allergia anamnesi allergieen alergie anamnese allergi"
    ),
    "pregnancy": (
        "grossesse pregnancy pregnant enceinte schwanger schwangerschaft embarazo gravidanza"
        " zwangerschap zwanger gravidez ciaza graviditet gravid"
    ),
}
FILLERS: Final = words(
    "de du des d la le l of the et and der die das vom von del los las el y e di della dello do"
    " da dos van het een den af patient client assure paciente cliente paziente patienten"
    " pacjent pacjenta klient kund kunde"
)
PERSON_WORDS: Final = words(
    "patient patients patiente paciente pacientes paziente pazienti patientin pacjent"
)
