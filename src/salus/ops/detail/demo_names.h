#pragma once

#include <string_view>

// Invented combinations of common names; places and streets do not exist.
namespace salus::ops::detail {

inline constexpr std::string_view kWomen[] = {
    "Adela",   "Beatrix", "Celeste", "Dorothea", "Elin",    "Farida", "Greta",  "Hana",
    "Imogen",  "Jolanda", "Katya",   "Leonor",   "Mirela",  "Noemi",  "Odile",  "Petra",
    "Rosalie", "Sunniva", "Tamsin",  "Ursula",   "Valeria", "Wilma",  "Yasmin", "Zofia"};
inline constexpr std::string_view kMen[] = {
    "Anselm",  "Bruno",  "Cyrus",   "Dario",   "Emeka",  "Florian", "Gideon", "Hiroshi",
    "Ivo",     "Jerome", "Kasimir", "Leander", "Matteo", "Nikolai", "Osman",  "Pascal",
    "Quentin", "Rashid", "Silas",   "Tobias",  "Ulrich", "Vikram",  "Wendel", "Zoltan"};
inline constexpr std::string_view kFamilies[] = {
    "Abernall",   "Birkwood",   "Castellan",  "Dunmarrow", "Eastvale",  "Fenwright",  "Galdarin",
    "Hartwell",   "Iversund",   "Jarvinen",   "Kestrelle", "Lindqvist", "Marchetti",  "Norrington",
    "Okonjo",     "Palmgren",   "Quillfeld",  "Rosenthal", "Sandoval",  "Thornquist", "Ustinova",
    "Vandermeer", "Westergard", "Yamashiro",  "Zelenko",   "Ashgrove",  "Brackwater", "Corvino",
    "Delacroix",  "Emberley",   "Farrowdale", "Grimaldo"};
inline constexpr std::string_view kStreets[] = {
    "Alder Court",   "Beacon Rise",  "Cooper Lane",    "Dovecote Road",
    "Elm Terrace",   "Foxglove Way", "Granary Street", "Hollow Bridge",
    "Juniper Close", "Kiln Yard",    "Larkspur Row",   "Mill Pond Drive"};

}  // namespace salus::ops::detail
