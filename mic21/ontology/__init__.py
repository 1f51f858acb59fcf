"""The ontology: domains, subdomains, categories with their WordNet passports, relations, and names by language."""

from mic21.ontology.names import LANGUAGES
from mic21.ontology.ontology import Ontology
from mic21.ontology.values import Category, Domain, Predicate, Relation, Role, Subdomain

__all__ = ["LANGUAGES", "Category", "Domain", "Ontology", "Predicate", "Relation", "Role", "Subdomain"]
